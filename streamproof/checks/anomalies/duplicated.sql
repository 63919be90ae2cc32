-- duplicated: more visible effects of one source on a channel than the contract allows; a dead letter is an effect, and
-- so is an effect of an input that should have none.
-- origin: Jepsen's kafka checker: duplicate
-- witness: input {id} ({topic}[{part}]@{off}) has {seen} effects on {channel}, where {at_most} may be
-- assumes: effects carry their source's id. An id that is k times in the input log may have k times the effects,
--   and need not: a subject that knows it again may skip it; so says `expected`. Effects of aborted inputs are
--   aborted-read.
SELECT miscount.id, miscount.channel, input_once.key, input_once.topic, input_once.part, input_once.off,
       miscount.at_most, miscount.seen
FROM miscount
JOIN input_once USING (id)
WHERE miscount.seen > miscount.at_most
ORDER BY input_once.topic, input_once.part, input_once.off, miscount.id, miscount.channel
