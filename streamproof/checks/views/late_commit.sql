-- late_commit: the commits that were tried, as the wire tells, of a partition that by then another member of the group had
-- (`owner`, since `t_from`): by a member that had it before, or by a process that did not say which of its members it was.
-- nth: the number of the attempt among those of its connection, which are answered in order.
-- kept: several checks ask for it
WITH said AS (
    SELECT asked.*, t_last - 1000 - clock_error_us AS t_sure, unnest(parts) AS place
    FROM commit_said AS asked
    CROSS JOIN promise
    WHERE side = 'request'
),
acting AS (  -- which members each process was
    SELECT DISTINCT instance, incarnation, member
    FROM wire
    WHERE member IS NOT NULL AND grp = (SELECT grp FROM promise)
),
held AS (
    SELECT concat(topic, '-', part) AS place, topic, part, member, t_from, t_to, min(t_from) OVER (
        PARTITION BY grp, topic, part, member
    ) AS t_first
    FROM tenure
),
met AS (
    SELECT said.*, held.topic, held.part, held.member AS owner, held.t_from
    FROM said
    ASOF JOIN held ON held.place = said.place AND held.t_from < said.t_sure
    WHERE held.t_to IS NULL OR said.t_last < held.t_to
)
SELECT met.conn, met.instance, met.incarnation, met.api, met.grp, met.member, met.generation, met.pid, met.epoch, met.parts,
       met.nth, met.topic, met.part, met.t_last AS t, met.owner, met.t_from
FROM met
JOIN acting
  ON acting.instance = met.instance AND acting.incarnation = met.incarnation AND acting.member = coalesce(met.member, acting.member)
LEFT JOIN held AS earlier
  ON earlier.place = met.place AND earlier.member = acting.member AND earlier.t_first < met.t_from
WHERE met.owner IN (SELECT member FROM acting)  -- an owner that was not seen there could be of any process
GROUP BY met.conn, met.instance, met.incarnation, met.api, met.grp, met.member, met.generation, met.pid, met.epoch, met.parts,
         met.nth, met.topic, met.part, met.t_last, met.owner, met.t_from
HAVING bool_and(acting.member <> met.owner) AND count(earlier.member) > 0
