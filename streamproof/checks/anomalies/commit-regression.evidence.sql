-- A position goes back where its keeper changes: there must be commits of one partition on both sides of such a change.
-- Where there is no group, nobody has a position to go back to.
WITH committed AS (
    SELECT grp, topic, part, min(t_append) AS t_from, max(t_append) AS t_to
    FROM group_commit
    GROUP BY grp, topic, part
)
SELECT 'partitions committed before and after a change of owner' AS evidence, count(*) AS seen,
       CASE WHEN (SELECT count(*) FROM generation) > 0 THEN count(*) > 0 END AS enough,
       TRUE AS of_faults,
       'kill or pause an instance while it works: {pause}' AS advice
FROM committed
WHERE EXISTS (
    SELECT 1
    FROM tenure
    WHERE tenure.grp = committed.grp AND tenure.topic = committed.topic AND tenure.part = committed.part
      AND committed.t_from < tenure.t_to AND tenure.t_to < committed.t_to
)
