-- txn_span: the subject's transactions as their coordinator wrote them down: each from its first Ongoing to its Complete,
-- by transactional id, in the broker's order. An abort of nothing (KIP-890) has no Ongoing, and is one of no partitions.
-- decided: PrepareCommit or PrepareAbort, null while open. t_to: null when it never ended. A time-out or a fence raises the
-- epoch on the way; `epoch` is the one that it began with.
-- kept: several checks ask for it
SELECT s.tid, s.nth,
       min_by(s.pid, s.n) AS pid,
       min_by(s.epoch, s.n) AS epoch,
       min(s.t_append) AS t_from,
       min(CASE WHEN s.state IN ('PrepareCommit', 'PrepareAbort') THEN s.t_append END) AS t_decided,
       min(CASE WHEN s.state IN ('PrepareCommit', 'PrepareAbort') THEN s.state END) AS decided,
       min(CASE WHEN s.state IN ('CompleteCommit', 'CompleteAbort', 'Empty', 'Dead') THEN s.t_append END) AS t_to,
       max(s.partitions) AS partitions
FROM (
    SELECT b.*, sum(b.begins) OVER (PARTITION BY b.tid ORDER BY b.n ROWS UNBOUNDED PRECEDING) AS nth
    FROM (
        SELECT t.tid, t.pid, t.epoch, t.state, t.n, t.t_append, coalesce(w.partitions, 0) AS partitions,
               CASE WHEN t.state IN ('Ongoing', 'PrepareCommit', 'PrepareAbort')
                     AND coalesce(lag(t.state) OVER (PARTITION BY t.tid ORDER BY t.n), 'Empty')
                         IN ('Empty', 'CompleteCommit', 'CompleteAbort', 'Dead')
                    THEN 1 ELSE 0 END AS begins
        FROM txn t
        LEFT JOIN (SELECT tid, n, count(*) AS partitions FROM txn_part GROUP BY tid, n) w ON w.tid = t.tid AND w.n = t.n
        WHERE EXISTS (SELECT 1 FROM txn o JOIN subject_pid q ON q.pid = o.pid WHERE o.tid = t.tid)
    ) b
) s
WHERE s.nth > 0
GROUP BY s.tid, s.nth
