-- txn_span: the subject's transactions as their coordinator wrote them down: each from its first Ongoing to its Complete,
-- by transactional id, in the broker's order. An abort of nothing (KIP-890) has no Ongoing, and no partitions.
-- decided: PrepareCommit or PrepareAbort, null while open. t_to: null when it never ended. A time-out or a fence raises the
-- epoch on the way; `epoch` is what it began with.
-- kept: several checks ask for it
WITH own AS (
    SELECT * FROM txn WHERE tid IN (SELECT txn.tid FROM txn JOIN subject_pid USING (pid))
),
sized AS (
    SELECT own.*, coalesce(size.partitions, 0) AS touched,
           coalesce(lag(own.state) OVER (PARTITION BY own.tid ORDER BY own.n), 'Empty') AS state_before
    FROM own
    LEFT JOIN (SELECT tid, n, count(*) AS partitions FROM txn_part GROUP BY tid, n) AS size USING (tid, n)
),
numbered AS (
    SELECT *, sum(CASE WHEN state IN ('Ongoing', 'PrepareCommit', 'PrepareAbort')
                        AND state_before IN ('Empty', 'CompleteCommit', 'CompleteAbort', 'Dead')
                       THEN 1 ELSE 0 END) OVER (PARTITION BY tid ORDER BY n ROWS UNBOUNDED PRECEDING) AS nth
    FROM sized
)
SELECT tid, nth, min_by(pid, n) AS pid, min_by(epoch, n) AS epoch, min(t_append) AS t_from,
       min(t_append) FILTER (WHERE state IN ('PrepareCommit', 'PrepareAbort')) AS t_decided,
       min(state) FILTER (WHERE state IN ('PrepareCommit', 'PrepareAbort')) AS decided,
       min(t_append) FILTER (WHERE state IN ('CompleteCommit', 'CompleteAbort', 'Empty', 'Dead')) AS t_to,
       max(touched) AS partitions
FROM numbered
WHERE nth > 0
GROUP BY tid, nth
