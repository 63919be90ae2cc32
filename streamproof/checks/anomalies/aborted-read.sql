-- aborted-read: a record of an aborted transaction reached a read_committed reader; or an effect is visible whose source
-- is in the input log only as such.
-- origin: Adya's G1a, aborted read
-- witness: the record at {topic}[{part}]@{off} was read by {reader} under read_committed: {found} | input {id}
--   ({topic}[{part}]@{off}) was aborted, and {found} on {channel}
-- assumes: batches tile a partition's offsets. `found` names the proof: the markers in the log, the fate that the
--   record carries (a broker that does not isolate leaves no other trace), or an effect.
-- causes: `isolation.level=read_uncommitted`, the default of Java's consumer (librdkafka's is `read_committed`) | a
--   client that takes `read_committed` and leaves out nothing that was aborted (kafka-go 0.4) | a broker, or what stands
--   for it in tests, that does not isolate transactions
WITH meant_to_be_aborted AS (
    SELECT id, topic, part, off FROM input WHERE fate = 'abort'
),
forbidden_place AS (
    SELECT NULL AS id, topic, part, off, 'in an aborted batch' AS found FROM aborted_record
    UNION ALL
    SELECT id, topic, part, off, 'meant to be aborted'
    FROM meant_to_be_aborted
    ANTI JOIN aborted_record USING (topic, part, off)
),
aborted_input AS (  -- not what is hidden only for now, behind a transaction that is still open: nobody has aborted it
    SELECT id, topic, part, off FROM meant_to_be_aborted
    UNION
    SELECT input.id, topic, part, off FROM input JOIN aborted_record USING (topic, part, off)
)
SELECT forbidden_place.id, NULL AS channel, topic, part, off, read.reader, forbidden_place.found
FROM read
JOIN forbidden_place USING (topic, part, off)
WHERE read.isolation = 'read_committed'
UNION ALL
SELECT effect.id, effect.channel, min(origin.topic), min(origin.part), min(origin.off), NULL, 'its effect is visible'
FROM first_effect AS effect
JOIN aborted_input AS origin ON origin.id = effect.id
WHERE effect.off IS NULL
GROUP BY effect.id, effect.channel
ORDER BY topic, part, off, channel, reader, found
