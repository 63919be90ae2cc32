-- orphan: a partition had no owner for more than twice as long as any member may take to give up what it has, while another
-- member of the group kept another partition of the topic, and nothing was broken.
-- origin: none in Adya or Jepsen; a lock that nobody holds, and nobody is given
-- witness: {topic}[{part}] had no owner from {t_from:clock} to {t_to:clock}, while {other} had another partition of {topic}
-- assumes: who has a partition of a topic reads the topic, and could have been given the others. A partition that never had
--   an owner may be new. A static member that is away keeps what it has. What came of it for its inputs, *late* tells, and
--   stuck-partition where the rest went on.
-- causes: an assignor forgets a partition: one of the application's own, or one that does not know of all partitions |
--   the coordinator, or a proxy before it, loses an assignment
-- uses: fault
SELECT grp, topic, part, member, t_lost, min(t_from) AS t_from, max(t_to) AS t_to, min_by(other, t_from) AS other
FROM unowned
WHERE t_to - t_from > 2000 * (SELECT max(rebalance_ms) FROM generation)
GROUP BY grp, topic, part, member, t_lost
ORDER BY topic, part, t_lost
