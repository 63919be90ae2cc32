-- A position goes back where its keeper changes: there must be commits of one partition on both sides of such a change.
-- Where there is no group, nobody has a position to go back to.
SELECT 'partitions committed before and after a change of owner' AS evidence, count(*) AS seen,
       CASE WHEN (SELECT count(*) FROM generation) > 0 THEN count(*) > 0 END AS enough,
       TRUE AS of_faults
FROM (
    SELECT c.topic, c.part, min(c.t_append) AS t_from, max(c.t_append) AS t_to
    FROM offset_commit c
    JOIN promise p ON p.grp = c.grp
    WHERE c.visible AND c.off IS NOT NULL
    GROUP BY c.topic, c.part
) c
WHERE EXISTS (
    SELECT 1 FROM tenure n
    WHERE n.topic = c.topic AND n.part = c.part AND c.t_from < n.t_to AND n.t_to < c.t_to
)
