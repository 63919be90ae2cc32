-- excess-replay: a new owner did an input again that was done, and that the group had committed past, before the partition
-- came to it: more than what was in flight.
-- origin: none in Adya or Jepsen; Kafka's own "begin at the committed offset", broken to the other side than skip
-- witness: input {id} ({topic}[{part}]@{off}) was done again on {channel} at {t:clock}, by an owner of {topic}[{part}] since
--   {t_from:clock}; the group had committed {committed} by then
-- assumes: the new owner is told by its producer, which had written no effect of the partition before; of effects without a
--   producer id nothing is said, nor of an owner whose producer had the partition once before. Under exactly-once and
--   at-most-once such an input is duplicated too: duplicated counts effects, excess-replay names who began too far back.
-- between: effect, effect
-- causes: the consumer begins where its process had been when it last had the partition, or at the first offset, and not at
--   the committed offset: a position kept over a rebalance, a `seek` in `on_assign`, offsets kept elsewhere that lag behind
--   | `auto.offset.reset=earliest` where the committed offset was lost, or could not be read
-- uses: txn
SELECT again.id, again.channel, again.topic, again.part, again.off, again.committed, again.member, again.t_from, again.t
FROM repeated_effect AS again
JOIN first_effect AS done ON done.id = again.id AND done.channel = again.channel
WHERE again.nth > 1 AND NOT again.is_old AND again.off < again.committed AND again.t_append >= again.t_from
  AND done.t_append < again.t_from
ORDER BY again.topic, again.part, again.off, again.id, again.channel, again.t
