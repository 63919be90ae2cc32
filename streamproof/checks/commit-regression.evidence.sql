-- A position goes back where its keeper changes: there must be commits of one partition on both sides of a rebalance.
-- Where there is no group, nobody has a position to go back to.
SELECT 'partitions committed before and after a rebalance' AS evidence, count(*) AS seen,
       CASE WHEN (SELECT count(*) FROM generation) > 0 THEN count(*) > 0 END AS enough
FROM (
    SELECT c.topic, c.part, min(c.t_append) AS t_from, max(c.t_append) AS t_to
    FROM offset_commit c
    JOIN promise p ON p.grp = c.grp
    WHERE c.visible AND c.off IS NOT NULL
    GROUP BY c.topic, c.part
) c
JOIN break_point b ON b.kind = 'rebalance' AND c.t_from < b.t AND b.t < c.t_to
