-- Whoever ends in order leaves nothing open. Somebody must have died inside a transaction: one that was open when a process
-- ended, and that was not committed. A subject without transactions can leave none.
SELECT 'crashes inside a transaction' AS evidence,
       count(DISTINCT b.t) AS seen,
       CASE WHEN max(s.t_from) IS NOT NULL THEN count(b.t) > 0 END AS enough,
       TRUE AS of_faults
FROM txn_span s
LEFT JOIN break_point b ON b.kind = 'crash' AND s.t_from <= b.t AND (s.t_to IS NULL OR b.t < s.t_to)
                       AND coalesce(s.decided, '') <> 'PrepareCommit'
