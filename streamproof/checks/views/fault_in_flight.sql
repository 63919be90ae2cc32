-- fault_in_flight: the faults that took effect while an input was in flight: in the log before the fault ended, and, in the
-- broker's order, not committed past when it began.
-- kept: several checks ask for it
SELECT DISTINCT f.kind, f.target, f.t_from
FROM (
    SELECT f.kind, f.target, f.t_from, coalesce(f.t_to, p.ended_at) AS t_to, i.topic, i.part, i.t_append,
           i.off, coalesce(c.off, 0) AS committed
    FROM fault f
    CROSS JOIN promise p
    CROSS JOIN live_input i
    LEFT JOIN (
        SELECT f.t_from, o.topic, o.part, max(o.off) AS off
        FROM fault f
        JOIN promise p ON f.effective
        JOIN offset_commit o ON o.grp = p.grp AND o.visible AND o.off IS NOT NULL AND o.t_append < f.t_from
        GROUP BY f.t_from, o.topic, o.part
    ) c ON c.t_from = f.t_from AND c.topic = i.topic AND c.part = i.part
    WHERE f.effective
) f
WHERE f.t_append <= f.t_to AND f.off >= f.committed
