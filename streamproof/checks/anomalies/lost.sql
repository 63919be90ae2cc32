-- lost: the group has committed past an input, and fewer of its effects are visible on a channel than the contract
-- says: it will never be read again, so what is missing will never come.
-- origin: Jepsen's kafka checker: lost-write, carried from a log to a pipeline's effects
-- witness: input {id} ({topic}[{part}]@{off}) was committed past (the group is at {committed}), and {channel} has {seen}
--   of its {at_least} effects
-- assumes: the effects were read to the end, after no transaction was open. Judged by id: an id that is several times in
--   the input log is judged once all its occurrences are committed past, against all that it should cause. An input that
--   nobody committed past is late. One whose effect was written in a transaction and aborted there, while its sibling of
--   the same transaction is visible elsewhere, is torn.
-- uses: txn
SELECT m.id, m.channel, i.key, i.topic, i.part, i.off, c.off AS committed, m.at_least, m.seen
FROM miscount m
JOIN input_once i ON i.id = m.id
CROSS JOIN promise p
JOIN final_commit c ON c.grp = p.grp AND c.topic = i.topic AND c.part = i.part
WHERE m.seen < m.at_least
  AND NOT EXISTS (SELECT 1 FROM late_input l WHERE l.id = m.id)
  AND NOT EXISTS (SELECT 1 FROM torn_effect r WHERE r.id = m.id AND r.channel = m.channel)
ORDER BY i.topic, i.part, i.off, m.id, m.channel
