-- covered_input: each input with the first commit, in the broker's order, that lies beyond it.
SELECT i.id, i.topic, i.part, i.off, i.commit_off
FROM (
    SELECT u.*, min(u.beyond) OVER (
        PARTITION BY u.topic, u.part ORDER BY u.off DESC, u.is_input ROWS UNBOUNDED PRECEDING
    ) AS commit_off
    FROM (
        SELECT o.id, o.topic, o.part, o.off, 1 AS is_input, NULL AS beyond FROM input_once o WHERE o.places = 1
        UNION ALL
        SELECT NULL, c.topic, c.part, c.off - 1, 0, c.off FROM commit_time c
    ) u
) i
WHERE i.is_input = 1 AND i.commit_off IS NOT NULL
