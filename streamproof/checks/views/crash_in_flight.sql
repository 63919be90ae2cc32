-- crash_in_flight: the moments at which a process of the subject ended unasked while an input had effects (under
-- at-most-once: had arrived) and was, in the broker's order, not yet committed past.
SELECT DISTINCT k.t
FROM (
    SELECT b.t, i.id, i.off, i.t_append, coalesce(c.off, 0) AS committed
    FROM break_point b
    CROSS JOIN input_once i
    LEFT JOIN (
        SELECT b.t, o.topic, o.part, max(o.off) AS off
        FROM break_point b
        JOIN offset_commit o ON o.visible AND o.off IS NOT NULL AND o.t_append < b.t
        JOIN promise p ON p.grp = o.grp
        WHERE b.kind = 'crash'
        GROUP BY b.t, o.topic, o.part
    ) c ON c.t = b.t AND c.topic = i.topic AND c.part = i.part
    WHERE b.kind = 'crash' AND i.t_append <= b.t
) k
CROSS JOIN promise p
WHERE k.off >= k.committed
  AND (p.delivery = 'at-most-once'
       OR EXISTS (SELECT 1 FROM effect e WHERE e.source_id = k.id AND e.topic IS NOT NULL AND e.t_append <= k.t))
