-- duplicated: more visible effects of one source on a channel than the contract allows; a dead letter is an effect, and
-- so is one of an input that should have none.
-- origin: Jepsen's kafka checker: duplicate
-- assumes: effects carry their source's id. An id that is k times in the input log may have k times the effects, unless
--   the contract promises deduplication: `expected` says so. Effects of aborted inputs are aborted-read.
SELECT t.id, t.channel, i.key, i.topic, i.part, i.off, x.at_most, t.seen
FROM tally t
JOIN expected x ON x.id = t.id AND x.channel = t.channel
JOIN promise p ON p.grp = x.grp
JOIN input_once i ON i.id = t.id
WHERE t.seen > x.at_most
ORDER BY i.topic, i.part, i.off, t.id, t.channel
