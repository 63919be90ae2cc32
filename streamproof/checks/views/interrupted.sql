-- interrupted: the tenures of partitions that ended, by a crash or otherwise, while an input of the partition had effects
-- (under at-most-once: had arrived) and was, in the broker's order, not committed past: whoever came next began it again.
SELECT DISTINCT n.topic, n.part, n.t_to AS t
FROM tenure n
JOIN input_once i ON i.topic = n.topic AND i.part = n.part AND i.t_append <= n.t_to
CROSS JOIN promise p
LEFT JOIN (
    SELECT n.topic, n.part, n.t_to, max(o.off) AS off
    FROM tenure n
    JOIN offset_commit o ON o.topic = n.topic AND o.part = n.part AND o.t_append <= n.t_to
    JOIN promise p ON p.grp = o.grp
    WHERE o.visible AND o.off IS NOT NULL
    GROUP BY n.topic, n.part, n.t_to
) c ON c.topic = n.topic AND c.part = n.part AND c.t_to = n.t_to
WHERE i.off >= coalesce(c.off, 0)
  AND (p.delivery = 'at-most-once'
       OR EXISTS (SELECT 1 FROM effect e WHERE e.source_id = i.id AND e.topic IS NOT NULL AND e.t_append <= n.t_to))
