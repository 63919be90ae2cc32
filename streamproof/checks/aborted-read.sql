-- aborted-read: a record of an aborted transaction reached a read_committed reader; or an effect is visible whose source
-- is in the input log only as such.
-- origin: Adya's G1a, aborted read
-- assumes: batches tile a partition's offsets. `found` says what told: the markers in the log, the fate that the record
--   carries (a broker that does not isolate leaves no other trace), or an effect.
SELECT NULL AS id, NULL AS channel, r.topic, r.part, r.off, r.reader, 'in an aborted batch' AS found
FROM (
    SELECT u.topic, u.part, u.off, u.reader,
           max(u.aborted_last) OVER (
               PARTITION BY u.topic, u.part ORDER BY u.off, u.is_read ROWS UNBOUNDED PRECEDING
           ) AS aborted_last
    FROM (
        SELECT r.topic, r.part, r.off, r.reader, 1 AS is_read, NULL AS aborted_last
        FROM read r
        WHERE r.isolation = 'read_committed'
          AND EXISTS (SELECT 1 FROM marked_batch a WHERE a.control = 'abort' AND a.topic = r.topic AND a.part = r.part)
        UNION ALL
        SELECT a.topic, a.part, a.base_off, NULL, 0, a.last_off
        FROM marked_batch a
        WHERE a.control = 'abort'
    ) u
) r
WHERE r.reader IS NOT NULL AND r.off <= r.aborted_last
UNION ALL
SELECT i.id, NULL, r.topic, r.part, r.off, r.reader, 'meant to be aborted'
FROM read r
JOIN input i ON i.topic = r.topic AND i.part = r.part AND i.off = r.off
WHERE r.isolation = 'read_committed' AND i.fate = 'abort'
  AND NOT EXISTS (
      SELECT 1 FROM marked_batch a
      WHERE a.control = 'abort' AND a.topic = r.topic AND a.part = r.part AND r.off BETWEEN a.base_off AND a.last_off
  )
UNION ALL
SELECT t.id, t.channel, min(i.topic), min(i.part), min(i.off), NULL, 'its effect is visible'
FROM input i
JOIN tally t ON t.id = i.id AND t.seen > 0
WHERE (i.fate = 'abort' OR NOT i.visible)
  AND NOT EXISTS (SELECT 1 FROM live_input o WHERE o.id = i.id)
GROUP BY t.id, t.channel
ORDER BY topic, part, off, channel, reader, found
