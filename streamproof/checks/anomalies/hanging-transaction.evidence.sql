-- A process that ends in order leaves nothing open. A process must have died inside a transaction, which was open when it
-- ended, and was not committed. A subject without transactions, in its effects and at its coordinator, can leave none.
SELECT 'crashes inside a transaction' AS evidence, count(DISTINCT crash.t) AS seen,
       CASE WHEN max(txn_span.t_from) IS NOT NULL OR EXISTS (SELECT 1 FROM transactional_effect)
            THEN count(crash.t) > 0 END AS enough,
       TRUE AS of_faults,
       'kill an instance inside its cycle: {kill}' AS advice
FROM txn_span
LEFT JOIN break_point AS crash
  ON crash.kind = 'crash' AND txn_span.t_from <= crash.t AND (txn_span.t_to IS NULL OR crash.t < txn_span.t_to)
 AND txn_span.decided IS DISTINCT FROM 'PrepareCommit'
