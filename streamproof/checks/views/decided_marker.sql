-- decided_marker: each transaction marker of the subject's producers, with the decision that it belongs to.
-- A coordinator that took over writes markers again: those are the same decision's, and harmless.
SELECT m.topic, m.part, m.off, m.control, m.pid, m.epoch, m.t_append, s.tid, s.nth, s.decided,
       s.t_decided
FROM (
    SELECT u.*, max(u.from_decision) OVER (
        PARTITION BY u.pid ORDER BY u.t, u.is_marker ROWS UNBOUNDED PRECEDING
    ) AS nth
    FROM (
        SELECT s.pid, 0 AS is_marker, s.nth AS from_decision, NULL AS topic, NULL AS part, NULL AS off,
               NULL AS control, NULL AS epoch, NULL AS t_append,
               coalesce((lag(s.t_to) OVER (PARTITION BY s.pid ORDER BY s.nth) + s.t_decided) / 2, s.t_from) AS t
        FROM txn_span s
        WHERE s.decided IS NOT NULL
        UNION ALL
        SELECT b.pid, 1, NULL, b.topic, b.part, b.base_off, b.control, b.epoch, b.t_append, b.t_append
        FROM batch b
        WHERE b.control <> 'none'
    ) u
) m
JOIN txn_span s ON s.pid = m.pid AND s.nth = m.nth
WHERE m.is_marker = 1
