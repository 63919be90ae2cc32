-- tenure: how long one member of the group, or one process that is told what to send, kept a partition, over however many
-- generations it kept it. t_to: null to the end.
-- kept: several checks ask for it
SELECT t.topic, t.part, t.member, min(t.t_from) AS t_from,
       CASE WHEN count(t.t_to) = count(*) THEN max(t.t_to) END AS t_to
FROM (
    SELECT c.*, sum(c.taken) OVER (PARTITION BY c.topic, c.part ORDER BY c.t_from, c.generation ROWS UNBOUNDED PRECEDING) AS nth
    FROM (
        SELECT o.*, CASE WHEN lag(o.member) OVER w = o.member AND lag(o.t_to) OVER w >= o.t_from
                         THEN 0 ELSE 1 END AS taken
        FROM owner o
        JOIN promise p ON p.grp = o.grp
        WINDOW w AS (PARTITION BY o.topic, o.part ORDER BY o.t_from, o.generation)
    ) c
) t
GROUP BY t.topic, t.part, t.member, t.nth
