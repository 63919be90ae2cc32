-- work_end: when the work was over: the first of the subject's last processes was asked to stop then, or ended.
SELECT coalesce(min(t_over), min(promise.ended_at)) AS t
FROM promise
LEFT JOIN (
    SELECT instance, max_by(coalesce(t_stop, t_end), incarnation) AS t_over FROM process GROUP BY instance
) ON TRUE
