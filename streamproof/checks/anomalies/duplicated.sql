-- duplicated: more visible effects of one source on a channel than the contract allows; a dead letter is an effect, and
-- so is an effect of an input that should have none. An input with an effect and a dead letter is both, not this.
-- origin: Jepsen's kafka checker: duplicate
-- witness: input {id} ({topic}[{part}]@{off}) has {seen} effects on {channel}, where {at_most} may be
-- assumes: effects carry their source's id. An id that is k times in the input log may have k times the effects,
--   and need not: a subject that knows it again may skip it; so says `expected`. Effects of aborted inputs are
--   aborted-read.
-- between: effect, effect
-- causes: the effect and the commit are two steps, with a crash or a rebalance between them: no `transactional.id`,
--   effects outside the transaction, or offsets that the consumer commits instead of `send_offsets_to_transaction` | a
--   zombie is not fenced: the transaction's offsets are sent without the consumer's group metadata, or each start makes
--   up a new `transactional.id` | retries of a producer with `enable.idempotence=false`, librdkafka's default | records
--   of a partition that was taken away are done to the end and their effects are kept, with no key in the database that
--   refuses the second | ids that were seen are kept in memory alone: another instance, or the same after a restart,
--   knows none of them
SELECT miscount.id, miscount.channel, distinct_input.key, distinct_input.topic, distinct_input.part, distinct_input.off,
       miscount.at_most, miscount.seen
FROM miscount
JOIN distinct_input USING (id)
WHERE miscount.seen > miscount.at_most
  AND NOT (miscount.at_most = 0 AND miscount.id IN (SELECT id FROM buried_effect))  -- that is both
ORDER BY distinct_input.topic, distinct_input.part, distinct_input.off, miscount.id, miscount.channel
