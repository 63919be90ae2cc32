-- phantom: a visible effect whose source is in no input, visible or not; or one that names no source at all.
-- origin: Jepsen: unexpected, a value that nobody wrote
-- witness: the effect at {topic}[{part}]@{off} ({channel}) is of {id}, which is no input | the effect at
--   {topic}[{part}]@{off} ({channel}) names no input | an effect on {channel} is of {id}, which is no input
-- assumes: the input topics were read from their beginning, and the effects' topics hold nothing of other pipelines.
SELECT e.source_id AS id, e.channel, e.topic, e.part, e.off, e.ordinal
FROM effect e
WHERE e.visible
  AND (e.source_id IS NULL OR e.source_id IN (SELECT f.id FROM first_effect f WHERE f.off IS NULL))
  AND NOT EXISTS (SELECT 1 FROM input i WHERE i.id = e.source_id)
ORDER BY e.channel, e.topic, e.part, e.off, e.ordinal
