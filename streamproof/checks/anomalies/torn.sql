-- torn: a transaction that took effect in part: a partition got another marker than its coordinator decided; or an input's
-- effect is visible on one channel, and on another, which the same transaction should join, it was written and aborted.
-- origin: the fractured reads of read atomic isolation (Bailis), seen from the log; Adya has no name for it
-- witness: input {id} is {found} ({channel}), in one transaction of producer {pid} | transaction {tid} has a {found} at
--   {topic}[{part}]@{off}, and its coordinator decided {decided}
-- assumes: a producer id has one transaction at a time, so its markers belong to the decision that they are nearest to:
--   the boundary between two transactions lies half-way between the end of one and the decision of the next, which leaves
--   room for brokers' clocks that differ by less than half a transaction. A channel on which an effect was never written is
--   lost there, not torn.
SELECT NULL AS id, NULL AS channel, m.topic, m.part, m.off, m.tid, m.pid, m.epoch, m.decided,
       concat('marker ', m.control) AS found
FROM decided_marker m
WHERE (m.decided = 'PrepareCommit') <> (m.control = 'commit')
UNION ALL
SELECT r.id, r.channel, i.topic, i.part, i.off, NULL, r.pid, r.epoch, NULL,
       concat('visible on ', r.visible_on, ', aborted here')
FROM torn_effect r
LEFT JOIN input_once i ON i.id = r.id
ORDER BY id, channel, topic, part, off, pid, found
