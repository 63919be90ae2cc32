-- commit_time: the group's visible commits that went further than all before them, each with the time at which it was
-- decided: its own, or that of the first commit marker of its producer after it. null: no such marker was recorded.
-- Two markers of one transaction differ by milliseconds; from the first on, nothing can take the commit back.
SELECT c.topic, c.part, c.off, c.pid, c.epoch, c.transactional,
       CASE WHEN c.transactional THEN c.marker_t ELSE c.t_append END AS t
FROM (
    SELECT u.*, min(u.marker) OVER (
        PARTITION BY u.pid ORDER BY u.t_append DESC, u.is_marker ROWS UNBOUNDED PRECEDING
    ) AS marker_t
    FROM (
        SELECT s.topic, s.part, s.off, s.pid, s.epoch, s.transactional, s.t_append, 0 AS is_marker, NULL AS marker
        FROM (
            SELECT o.*, max(o.off) OVER (
                PARTITION BY o.topic, o.part ORDER BY o.n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS before
            FROM offset_commit o
            JOIN promise p ON p.grp = o.grp
            WHERE o.visible AND o.off IS NOT NULL
        ) s
        WHERE s.before IS NULL OR s.off > s.before
        UNION ALL
        SELECT NULL, NULL, NULL, b.pid, b.epoch, TRUE, b.t_append, 1, b.t_append
        FROM batch b
        WHERE b.control = 'commit'
    ) u
) c
WHERE c.is_marker = 0
