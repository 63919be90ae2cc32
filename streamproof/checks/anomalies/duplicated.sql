-- duplicated: more visible effects of one source on a channel than the contract allows; a dead letter is an effect, and
-- so is one of an input that should have none.
-- origin: Jepsen's kafka checker: duplicate
-- witness: input {id} ({topic}[{part}]@{off}) has {seen} effects on {channel}, where {at_most} may be
-- assumes: effects carry their source's id. An id that is k times in the input log may have k times the effects,
--   and need not: who knows it again may pass it by. `expected` says so. Effects of aborted inputs are aborted-read.
SELECT m.id, m.channel, i.key, i.topic, i.part, i.off, m.at_most, m.seen
FROM miscount m
JOIN input_once i ON i.id = m.id
WHERE m.seen > m.at_most
ORDER BY i.topic, i.part, i.off, m.id, m.channel
