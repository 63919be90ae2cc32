-- break_point: the moments at which the run was disturbed: a process of the subject was killed or ended on its own, or
-- partitions were assigned in a new generation of the group (one that is empty, or gone, assigns none).
SELECT 'crash' AS kind, r.t_end AS t
FROM process r
WHERE r.t_end IS NOT NULL AND r.cause IN ('killed', 'exited')
UNION ALL
SELECT 'rebalance' AS kind, min(g.t_append) AS t
FROM generation g
JOIN promise p ON p.grp = g.grp
WHERE g.state NOT IN ('Empty', 'Dead')
GROUP BY g.generation
