-- tenure: how long one member of a group, or one process that is told what to send, kept a partition, over however many
-- generations it kept it. t_to: null to the end.
-- kept: several checks ask for it
WITH following AS (
    SELECT *, lag(member) OVER in_partition AS member_before, lag(t_to) OVER in_partition AS t_to_before
    FROM owner
    WINDOW in_partition AS (PARTITION BY grp, topic, part ORDER BY t_from, generation)
),
numbered AS (
    SELECT *, sum(CASE WHEN member_before = member AND t_to_before >= t_from THEN 0 ELSE 1 END) OVER (
        PARTITION BY grp, topic, part ORDER BY t_from, generation ROWS UNBOUNDED PRECEDING
    ) AS nth
    FROM following
)
SELECT grp, topic, part, member, min(t_from) AS t_from, CASE WHEN count(t_to) = count(*) THEN max(t_to) END AS t_to
FROM numbered
GROUP BY grp, topic, part, member, nth
