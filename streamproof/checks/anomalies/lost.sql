-- lost: the group has committed past an input, and fewer of its effects are visible on a channel than the contract
-- says: it will never be read again, so what is missing will never come.
-- origin: Jepsen's kafka checker: lost-write, carried from a log to a pipeline's effects
-- witness: input {id} ({topic}[{part}]@{off}) was committed past (the group is at {committed}), and {channel} has {seen}
--   of its {at_least} effects
-- assumes: the effects were read to the end, after no transaction was open. Judged by id: an id that is several times in
--   the input log is judged once all its occurrences are committed past, against all that it should cause. An input that
--   nobody committed past is late. An input whose effect was written in a transaction and aborted there, while its
--   sibling of the same transaction is visible elsewhere, is torn.
-- uses: txn
SELECT miscount.id, miscount.channel, input_once.key, input_once.topic, input_once.part, input_once.off,
       final_commit.off AS committed, miscount.at_least, miscount.seen
FROM miscount
JOIN input_once USING (id)
JOIN final_commit ON final_commit.topic = input_once.topic AND final_commit.part = input_once.part
ANTI JOIN late_input ON late_input.id = miscount.id
ANTI JOIN torn_effect ON torn_effect.id = miscount.id AND torn_effect.channel = miscount.channel
WHERE miscount.seen < miscount.at_least
ORDER BY input_once.topic, input_once.part, input_once.off, miscount.id, miscount.channel
