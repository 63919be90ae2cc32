-- break_point: the moments at which the run was disturbed: a process of the subject was killed or ended on its own, or
-- partitions were assigned in a new generation of a group (an empty group, or a group that is gone, assigns none).
SELECT 'crash' AS kind, t_end AS t
FROM process
WHERE t_end IS NOT NULL AND cause IN ('killed', 'exited')
UNION ALL
SELECT 'rebalance' AS kind, min(t_append) AS t
FROM generation
WHERE state NOT IN ('Empty', 'Dead')
GROUP BY grp, generation
