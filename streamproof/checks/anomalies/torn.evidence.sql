-- A transaction can only tear where it spans partitions and is interrupted: it was aborted, by its producer, by a fence or
-- by its time-out. A subject without transactions, in its effects and at its coordinator, has none to tear.
WITH spans AS (
    SELECT count(*) AS seen, count(*) FILTER (WHERE partitions > 1 AND decided = 'PrepareAbort') AS interrupted
    FROM txn_span
)
SELECT 'transactions over several partitions, interrupted' AS evidence, interrupted AS seen,
       CASE WHEN seen > 0 OR EXISTS (SELECT 1 FROM transactional_effect) THEN interrupted > 0 END AS enough,
       TRUE AS of_faults,
       'kill an instance inside its cycle: {kill}' AS advice
FROM spans
