-- A transaction can only tear where it spans partitions and is interrupted: it was aborted, by its producer, by a fence or
-- by its time-out. A subject without transactions has none to tear.
SELECT 'transactions over several partitions, interrupted' AS evidence,
       coalesce(sum(CASE WHEN partitions > 1 AND decided = 'PrepareAbort' THEN 1 ELSE 0 END), 0) AS seen,
       sum(CASE WHEN partitions > 1 AND decided = 'PrepareAbort' THEN 1 ELSE 0 END) > 0 AS enough,
       TRUE AS of_faults
FROM txn_span
