-- aborted-read: a record of an aborted transaction reached a read_committed reader; or an effect is visible whose source
-- is in the input log only as such.
-- origin: Adya's G1a, aborted read
-- witness: the record at {topic}[{part}]@{off} was read by {reader} under read_committed: {found} | input {id}
--   ({topic}[{part}]@{off}) was aborted, and {found} on {channel}
-- assumes: batches tile a partition's offsets. `found` says what told: the markers in the log, the fate that the record
--   carries (a broker that does not isolate leaves no other trace), or an effect.
SELECT NULL AS id, NULL AS channel, r.topic, r.part, r.off, r.reader, 'in an aborted batch' AS found
FROM read r
JOIN aborted_batch a ON a.topic = r.topic AND a.part = r.part AND a.thousand = r.off - r.off % 1000
                    AND r.off BETWEEN a.base_off AND a.last_off
WHERE r.isolation = 'read_committed'
UNION ALL
SELECT i.id, NULL, r.topic, r.part, r.off, r.reader, 'meant to be aborted'
FROM read r
JOIN input i ON i.topic = r.topic AND i.part = r.part AND i.off = r.off
WHERE r.isolation = 'read_committed' AND i.fate = 'abort'
  AND NOT EXISTS (
      SELECT 1 FROM aborted_batch a
      WHERE a.topic = r.topic AND a.part = r.part AND r.off BETWEEN a.base_off AND a.last_off
  )
UNION ALL
SELECT f.id, f.channel, min(i.topic), min(i.part), min(i.off), NULL, 'its effect is visible'
FROM first_effect f
JOIN input i ON i.id = f.id
WHERE f.off IS NULL
  -- not what is hidden only for now, behind a transaction that is still open: nobody has aborted it
  AND (i.fate = 'abort' OR EXISTS (
      SELECT 1 FROM marked_batch b
      WHERE b.topic = i.topic AND b.part = i.part AND i.off BETWEEN b.base_off AND b.last_off AND b.control = 'abort'
  ))
GROUP BY f.id, f.channel
ORDER BY topic, part, off, channel, reader, found
