-- phantom: a visible effect whose source is in no input, visible or not; or an effect that names no source at all.
-- origin: Jepsen: unexpected, a value that nobody wrote
-- witness: the effect at {topic}[{part}]@{off} ({channel}) is of {id}, which is no input | the effect at
--   {topic}[{part}]@{off} ({channel}) names no input | an effect on {channel} is of {id}, which is no input
-- assumes: the input topics were read from their beginning, and the effects' topics hold nothing of other pipelines.
-- causes: the subject makes an id of its own where it should hand on that of its input, or leaves out the header |
--   the identity is looked for in another place than where it lies: `--identity`, or `x-identity` in the contract |
--   something else writes to the effects' topic or table, or what an earlier run left there was not removed |
--   the client gives a transaction's markers to the application as if they were records (kafka-go 0.4)
WITH without_live_input AS (
    SELECT DISTINCT id FROM first_effect WHERE off IS NULL
)
SELECT source_id AS id, channel, topic, part, off, ordinal
FROM effect
WHERE visible
  AND (source_id IS NULL OR source_id IN (SELECT id FROM without_live_input))
  AND NOT EXISTS (SELECT 1 FROM input WHERE input.id = effect.source_id)
ORDER BY channel, topic, part, off, ordinal
