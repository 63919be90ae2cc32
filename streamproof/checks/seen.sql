-- seen: what the run has shown, for the report. Rebalances are those in the midst of work: that members come before the
-- first input, and leave after the last commit, shows nothing.
SELECT 'inputs' AS what, count(*) AS seen FROM live_input
UNION ALL SELECT 'effects', coalesce(sum(seen), 0) FROM first_effect
UNION ALL SELECT 'channels', count(DISTINCT channel) FROM effect
UNION ALL SELECT 'commits', count(*) FROM offset_commit c JOIN promise p ON p.grp = c.grp WHERE c.visible
UNION ALL SELECT 'transactions', count(*) FROM txn_span WHERE partitions > 0
UNION ALL SELECT 'aborted', count(*) FROM txn_span WHERE decided = 'PrepareAbort' AND partitions > 0
UNION ALL SELECT 'rebalances', count(*) FROM break_point b WHERE b.kind = 'rebalance'
    AND b.t > (SELECT min(t_append) FROM live_input)
    AND b.t < (SELECT max(c.t_append) FROM offset_commit c JOIN promise p ON p.grp = c.grp WHERE c.visible)
UNION ALL SELECT 'ordered_pairs', coalesce(sum(pairs), 0) FROM key_run
UNION ALL SELECT 'crashes', count(*) FROM break_point WHERE kind = 'crash'
UNION ALL SELECT 'crashes_in_transaction', count(DISTINCT b.t) FROM break_point b
    JOIN txn_span s ON b.kind = 'crash' AND s.t_from <= b.t AND (s.t_to IS NULL OR b.t < s.t_to)
UNION ALL SELECT 'broker_losses', count(*) FROM fault WHERE effective AND target LIKE 'broker%'
UNION ALL SELECT 'faults', count(*) FROM fault WHERE effective
UNION ALL SELECT 'faults_without_effect', count(*) FROM fault WHERE NOT effective
UNION ALL SELECT 'faults_in_flight', count(*) FROM fault_in_flight
UNION ALL SELECT 'reads_during_faults', count(*) FROM read r WHERE r.phase = 'during'
    AND EXISTS (SELECT 1 FROM fault f WHERE f.effective AND f.t_from <= r.t AND (f.t_to IS NULL OR r.t <= f.t_to))
ORDER BY what
