-- both: an input has a visible effect and a visible dead letter: one says that it was done, the other that it never could be.
-- origin: ours; two outcomes of one operation
-- witness: input {id} ({topic}[{part}]@{off}) has an effect on {channel}, and a dead letter on {letters}
-- assumes: each input has a single outcome. Where a crash or a rebalance lies between the two, an at-least-once subject may
--   have both, as it may have two effects: there it is counted. That one of the two is an effect too many is not told as
--   duplicated as well.
-- between: effect, effect
-- causes: the letter is written where an error is caught, and the effect was sent before it | effect and letter are not in
--   one transaction, and an instance died between them | what failed is tried again in another thread, and buried
--   meanwhile | a time-out is taken for a failure: what timed out may have been done
SELECT id, channel, letters, key, topic, part, off
FROM buried_effect
ORDER BY topic, part, off, id, channel
