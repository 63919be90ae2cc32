-- misrouted: a visible effect of an input has another key than the contract says, or lies in another partition than the
-- contract's partitioner gives for the key that it has.
-- origin: ours; what is looked for under its key is not there, and has no order with what is
-- witness: the effect of {id} at {topic}[{part}]@{off} ({channel}) has {found}, where {due} should be | the effect of
--   {id} on {channel} has {found}, where {due} should be
-- assumes: a record without a key may go to any partition. Partitions are judged where a topic has as many at the end as the
--   contract says: if it grew meanwhile, nothing is said of them. What the contract does not name is not judged: without
--   a partitioner, one key in two partitions may be right.
-- between: sent, effect
-- causes: effects are sent without a key, or under another field than the contract says | the clients of two languages
--   have different partitioners: librdkafka's default is CRC32, Java's and franz-go's murmur2; set
--   `partitioner=murmur2_random` in librdkafka | a partition is named by hand, such as that of the input | results of
--   several records are exchanged
WITH away AS (
    SELECT distinct_input.id, effect.channel, effect.topic, effect.part, effect.off, effect.ordinal,
           concat('partition=', effect.home) AS due, concat('partition=', effect.part) AS found
    FROM effect
    JOIN distinct_input ON distinct_input.id = effect.source_id
    WHERE effect.visible AND effect.home <> effect.part
)
SELECT id, channel, topic, part, off, ordinal, due, found FROM wrong_field WHERE due LIKE 'key=%'
UNION ALL
SELECT id, channel, topic, part, off, ordinal, due, found FROM away
ORDER BY channel, topic, part, off, ordinal, id, due
