-- What was not read may hold anything: effects were read, and in no partition does the log hold a batch of records beyond
-- the last batch that was read.
WITH written AS (
    SELECT topic, part, max(last_off) AS off
    FROM batch
    WHERE control = 'none' AND topic IN (SELECT topic FROM effect)
    GROUP BY topic, part
),
seen_to AS (
    SELECT topic, part, max(off) AS off FROM effect GROUP BY topic, part
)
SELECT 'effects that were read' AS evidence, count(*) AS seen, count(*) > 0 AS enough,
       1 AS needed, 'use more events ({events})' AS advice
FROM effect
WHERE visible
UNION ALL
SELECT 'partitions of effects that were read to their end', count(*) FILTER (WHERE seen_to.off >= written.off),
       count(*) = count(*) FILTER (WHERE seen_to.off >= written.off), count(*), 'record the run again'
FROM written
LEFT JOIN seen_to USING (topic, part)
ORDER BY evidence
