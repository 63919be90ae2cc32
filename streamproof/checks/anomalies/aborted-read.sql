-- aborted-read: a record of an aborted transaction reached a read_committed reader; or an effect is visible whose source
-- is in the input log only as such.
-- origin: Adya's G1a, aborted read
-- witness: the record at {topic}[{part}]@{off} was read by {reader} under read_committed: {found} | input {id}
--   ({topic}[{part}]@{off}) was aborted, and {found} on {channel}
-- assumes: batches tile a partition's offsets. `found` says what told: the markers in the log, the fate that the record
--   carries (a broker that does not isolate leaves no other trace), or an effect.
WITH committed_read AS (
    SELECT topic, part, off, reader FROM read WHERE isolation = 'read_committed'
),
meant_to_be_aborted AS (
    SELECT id, topic, part, off FROM input WHERE fate = 'abort'
),
aborted_input AS (  -- not what is hidden only for now, behind a transaction that is still open: nobody has aborted it
    SELECT id, topic, part, off FROM meant_to_be_aborted
    UNION
    SELECT input.id, topic, part, off FROM input JOIN aborted_record USING (topic, part, off)
)
SELECT NULL AS id, NULL AS channel, topic, part, off, committed_read.reader, 'in an aborted batch' AS found
FROM committed_read
JOIN aborted_record USING (topic, part, off)
UNION ALL
SELECT meant_to_be_aborted.id, NULL, topic, part, off, committed_read.reader, 'meant to be aborted'
FROM committed_read
JOIN meant_to_be_aborted USING (topic, part, off)
ANTI JOIN aborted_record USING (topic, part, off)
UNION ALL
SELECT effect.id, effect.channel, min(origin.topic), min(origin.part), min(origin.off), NULL, 'its effect is visible'
FROM first_effect AS effect
JOIN aborted_input AS origin ON origin.id = effect.id
WHERE effect.off IS NULL
GROUP BY effect.id, effect.channel
ORDER BY topic, part, off, channel, reader, found
