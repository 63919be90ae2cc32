-- lost: the group has committed past an input, and fewer of its effects are visible on a channel than the contract
-- says: it will never be read again, so what is missing will never come.
-- origin: Jepsen's kafka checker: lost-write, carried from a log to a pipeline's effects
-- assumes: the effects were read to the end, after no transaction was open. Judged by id: an id that is several times in
--   the input log is judged once all its occurrences are committed past, against all that it should cause. An input that
--   nobody committed past is late. One whose effect was written in a transaction and aborted there, while its sibling of
--   the same transaction is visible elsewhere, is torn.
-- uses: txn
SELECT i.id, x.channel, i.key, i.topic, i.part, i.off, c.off AS committed, x.at_least, coalesce(t.seen, 0) AS seen
FROM input_once i
JOIN expected x ON x.id = i.id AND x.at_least > 0
JOIN promise p ON p.grp = x.grp
JOIN final_commit c ON c.grp = p.grp AND c.topic = i.topic AND c.part = i.part
LEFT JOIN tally t ON t.id = i.id AND t.channel = x.channel
WHERE coalesce(t.seen, 0) < x.at_least
  AND NOT EXISTS (SELECT 1 FROM late_input l WHERE l.id = i.id)
  AND NOT EXISTS (SELECT 1 FROM torn_effect r WHERE r.id = i.id AND r.channel = x.channel)
ORDER BY i.topic, i.part, i.off, i.id, x.channel
