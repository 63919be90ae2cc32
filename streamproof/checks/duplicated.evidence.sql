-- Only what is interrupted is done again: effects were written and their inputs' commit was not yet when a process died, or
-- a transaction with records was aborted. An at-most-once pipeline commits first, so there an input in flight is enough.
SELECT 'crashes or aborts between effects and their commit' AS evidence,
       greatest(k.crashes, e.aborted) AS seen, greatest(k.crashes, e.aborted) > 0 AS enough
FROM (SELECT count(*) AS crashes FROM crash_in_flight) k
CROSS JOIN (
    SELECT count(*) AS aborted FROM (SELECT DISTINCT o.pid, o.epoch FROM effect o WHERE NOT o.visible) a
) e
UNION ALL
SELECT 'faults that took effect while inputs were in flight', count(*), count(*) > 0
FROM fault_in_flight
ORDER BY evidence
