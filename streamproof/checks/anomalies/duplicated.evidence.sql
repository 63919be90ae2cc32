-- Only what is interrupted is done again: a partition went to another owner while inputs of it had effects and were not yet
-- committed past, or a transaction with records was aborted. An at-most-once pipeline commits first, so there an input
-- that had arrived is enough. Rows of a query do not tell when they came, so of them alone nothing can be shown.
WITH aborted AS (
    SELECT count(*) AS seen
    FROM (SELECT DISTINCT pid, epoch FROM marked_batch 
          WHERE control = 'abort' AND topic IN (SELECT topic FROM effect UNION SELECT topic FROM hop))
),
interruptions AS (
    SELECT greatest(aborted.seen, (SELECT count(*) FROM interrupted)) AS seen FROM aborted
),
logged AS (
    SELECT count(*) AS seen FROM effect WHERE topic IS NOT NULL
)
SELECT 'interruptions between effects and their commit' AS evidence, seen, seen > 0 AS enough, TRUE AS of_faults,
       'kill an instance inside its cycle: {kill}' AS advice
FROM interruptions
UNION ALL
SELECT 'effects in logs, which tell when they came', logged.seen,
       promise.delivery = 'at-most-once' OR logged.seen > 0, FALSE,
       'rows of a database alone do not tell; name a topic of its effects too, if there is any'
FROM logged, promise
UNION ALL
SELECT 'faults that took effect while inputs were in flight', count(*), count(*) > 0, TRUE,
       'break something while inputs are on their way: {kill}'
FROM fault_in_flight
ORDER BY evidence
