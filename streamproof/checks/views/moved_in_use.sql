-- moved_in_use: the partitions that were committed in both before and after they went from an owner: those that moved
-- while they were worked on.
-- kept: several checks ask for it
WITH committed AS (
    SELECT grp, topic, part, min(t_append) AS t_from, max(t_append) AS t_to
    FROM group_commit
    GROUP BY grp, topic, part
)
SELECT DISTINCT committed.grp, committed.topic, committed.part
FROM committed
JOIN tenure USING (grp, topic, part)
WHERE committed.t_from < tenure.t_to AND tenure.t_to < committed.t_to
