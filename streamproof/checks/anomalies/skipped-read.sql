-- skipped-read: a reader was given records before and after a record of the log, and never that record, though its isolation
-- lets it pass.
-- origin: Jepsen's kafka checker: poll skip
-- witness: {reader} was never given {topic}[{part}]@{off}, and read on to {last_off}
-- assumes: readers of the verifier alone are judged: they are assigned their partitions, and never seek. What is visible was
--   seen at the end, under read_committed. What lies before the first record that a reader was given, or after the last, it
--   may not have asked for.
-- causes: a broker that hides what was committed, or answers a fetch from another offset than was asked for | a broker that
--   showed its readers a log which another leader had not, and took that back
WITH given AS (
    SELECT reader, topic, part, off FROM read SEMI JOIN uneven_reading USING (reader, topic, part)
),
due AS (
    SELECT uneven.reader, logged.topic, logged.part, logged.off, uneven.isolation, uneven.last_off
    FROM logged
    JOIN uneven_reading AS uneven
      ON uneven.topic = logged.topic AND uneven.part = logged.part AND logged.off BETWEEN uneven.first_off AND uneven.last_off
    WHERE logged.visible OR uneven.isolation = 'read_uncommitted'
)
SELECT reader, topic, part, off, isolation, last_off
FROM due
ANTI JOIN given USING (reader, topic, part, off)
ORDER BY topic, part, reader, off
