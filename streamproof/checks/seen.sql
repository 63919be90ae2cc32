-- seen: what the run has shown, for the report. Rebalances are those in the midst of work: that members come before the
-- first input, and leave after the last commit, shows nothing.
WITH work AS (
    SELECT (SELECT min(t_append) FROM live_input) AS t_from,
           (SELECT max(t_append) FROM offset_commit WHERE visible) AS t_to
),
crash_inside AS (
    SELECT DISTINCT crash.t
    FROM break_point AS crash
    JOIN txn_span ON crash.kind = 'crash' AND txn_span.t_from <= crash.t
                 AND (txn_span.t_to IS NULL OR crash.t < txn_span.t_to)
),
read_meanwhile AS (
    SELECT 1
    FROM read
    WHERE phase = 'during' AND topic IN (SELECT DISTINCT topic FROM logged) AND EXISTS (
        SELECT 1
        FROM weighed_fault AS fault
        WHERE fault.effective AND fault.t_from <= read.t AND (fault.t_to IS NULL OR read.t <= fault.t_to)
    )
)
SELECT 'inputs' AS what, count(*) AS seen FROM live_input
UNION ALL SELECT 'aborted_inputs', count(*) FROM input WHERE fate = 'abort'
UNION ALL SELECT 'effects', coalesce(sum(seen), 0) FROM first_effect
UNION ALL SELECT 'channels', count(DISTINCT channel) FROM effect
UNION ALL SELECT 'hops', count(DISTINCT topic) FROM hop
UNION ALL SELECT 'commits', count(*) FROM offset_commit WHERE visible
UNION ALL SELECT 'transactions', count(*) FROM txn_span WHERE partitions > 0
UNION ALL SELECT 'aborted', count(*) FROM txn_span WHERE decided = 'PrepareAbort' AND partitions > 0
UNION ALL SELECT 'rebalances', count(*) FROM break_point, work WHERE kind = 'rebalance' AND t > t_from AND t < t_to
UNION ALL SELECT 'ordered_pairs', coalesce(sum(pairs), 0) FROM key_run
UNION ALL SELECT 'crashes', count(*) FROM break_point WHERE kind = 'crash'
UNION ALL SELECT 'crashes_in_transaction', count(*) FROM crash_inside
UNION ALL SELECT 'broker_losses', count(*) FROM weighed_fault WHERE effective AND target LIKE 'broker%'
UNION ALL SELECT 'faults', count(*) FROM weighed_fault WHERE effective
UNION ALL SELECT 'faults_without_effect', count(*) FROM weighed_fault WHERE NOT effective AND NOT tried_again
UNION ALL SELECT 'faults_in_flight', count(*) FROM fault_in_flight
UNION ALL SELECT 'reads_during_faults', count(*) FROM read_meanwhile
UNION ALL SELECT 'standstill_s', CAST((t_to - t_from) / 1000000 AS BIGINT) FROM standstill
UNION ALL SELECT 'standstill_from', t_from FROM standstill
ORDER BY what
