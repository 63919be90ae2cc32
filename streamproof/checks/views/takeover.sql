-- takeover: each tenure of a partition, with what the group had committed there by then, in the broker's order (`committed`;
-- null: nothing), how many owners there were so far (`nth`), and who was the last before it.
-- kept: several checks ask for it
WITH stood AS (
    SELECT grp, topic, part, t_append, max_by(off, n) AS off FROM group_commit GROUP BY grp, topic, part, t_append
),
ordered AS (
    SELECT *, row_number() OVER in_partition AS nth, lag(member) OVER in_partition AS member_before
    FROM tenure
    WINDOW in_partition AS (PARTITION BY grp, topic, part ORDER BY t_from)
)
SELECT ordered.grp, ordered.topic, ordered.part, ordered.member, ordered.member_before, ordered.nth, ordered.t_from,
       ordered.t_to, stood.off AS committed
FROM ordered
ASOF LEFT JOIN stood
  ON stood.grp = ordered.grp AND stood.topic = ordered.topic AND stood.part = ordered.part
 AND stood.t_append <= ordered.t_from
