-- Only what is interrupted is done again: a partition went to another owner while inputs of it had effects and were not yet
-- committed past, or a transaction with records was aborted. An at-most-once pipeline commits first, so there an input
-- that had arrived is enough. Rows of a query do not tell when they came, so of them alone nothing can be shown.
SELECT 'interruptions between effects and their commit' AS evidence,
       greatest(k.taken, a.aborted) AS seen, greatest(k.taken, a.aborted) > 0 AS enough, TRUE AS of_faults
FROM (SELECT count(*) AS taken FROM interrupted) k
CROSS JOIN (
    SELECT count(*) AS aborted
    FROM (
        SELECT DISTINCT b.pid, b.epoch
        FROM marked_batch b
        WHERE b.control = 'abort' AND EXISTS (SELECT 1 FROM effect e WHERE e.topic = b.topic)
    ) u
) a
UNION ALL
SELECT 'effects in logs, which tell when they came', count(e.topic), p.delivery = 'at-most-once' OR count(e.topic) > 0, FALSE
FROM promise p
LEFT JOIN effect e ON e.topic IS NOT NULL
GROUP BY p.delivery
UNION ALL
SELECT 'faults that took effect while inputs were in flight', count(*), count(*) > 0, TRUE
FROM fault_in_flight
ORDER BY evidence
