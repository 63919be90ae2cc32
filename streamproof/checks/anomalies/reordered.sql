-- reordered: an input's first visible effect comes, on one partition of a channel, after that of an input of the same key
-- that came later in the same input partition and went the same way. The witness is the input that was overtaken; `overtaken_by` is the highest
-- input offset whose effect is before its own.
-- origin: Jepsen's kafka checker: poll and send orders; a monotonic-writes violation per key
-- witness: input {id} of key {key} ({topic}[{part}]@{off}) was overtaken on {channel}, partition {effect_part}, by the
--   input at offset {overtaken_by}
-- assumes: only first effects count: what is done a second time is duplicated, not reordered. Keys are the inputs' keys;
--   a null key promises no order. An id in several partitions has no place in any order, and is not compared.
--   Inputs that went through different partitions of a hop are not compared either: what is keyed anew there has another
--   order. Where a hop's records do not all name an input, which way an input went is not known.
-- between: overtaken, effect
-- causes: `max.in.flight.requests.per.connection` above 1 with retries and `enable.idempotence=false`, librdkafka's
--   default; above 5 in any case | workers or asynchronous calls that do not keep the records of one key in one queue
--   | a record that failed is tried again later, while those after it go on | two owners at once: who lost the
--   partition still writes what it had in its hands
WITH placed AS (
    SELECT effect.*, max(effect.off) OVER (
        PARTITION BY effect.channel, effect.effect_part, effect.topic, effect.part, effect.key, way
        ORDER BY effect.place
        ROWS UNBOUNDED PRECEDING
    ) AS overtaken_by
    FROM keyed_effect AS effect
    SEMI JOIN overtaken USING (channel, effect_part, topic, part, key)
    LEFT JOIN hop_way USING (id)
)
SELECT id, channel, key, topic, part, off, overtaken_by, effect_part, place
FROM placed
WHERE overtaken_by > off AND NOT EXISTS (SELECT 1 FROM lost_track)
ORDER BY channel, topic, part, key, effect_part, place
