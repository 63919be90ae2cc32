-- What was not read may hold anything: effects were read, and in no partition does the log hold a batch of records beyond
-- the last one that was read.
SELECT 'effects that were read' AS evidence, count(*) AS seen, count(*) > 0 AS enough
FROM effect
WHERE visible
UNION ALL
SELECT 'partitions of effects that were read to their end', count(*),
       count(*) = coalesce(sum(CASE WHEN e.off >= b.last_off THEN 1 ELSE 0 END), 0)
FROM (
    SELECT topic, part, max(last_off) AS last_off
    FROM batch
    WHERE control = 'none' AND topic IN (SELECT topic FROM effect)
    GROUP BY topic, part
) b
LEFT JOIN (SELECT topic, part, max(off) AS off FROM effect GROUP BY topic, part) e
       ON e.topic = b.topic AND e.part = b.part
ORDER BY evidence
