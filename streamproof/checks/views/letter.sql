-- letter: the visible dead letters of inputs, whose headers were read.
-- kept: several checks ask for it
SELECT effect.source_id AS id, channel, topic, part, off, key, value_hash, headers
FROM effect
JOIN promise ON channel = dead_letters
WHERE visible AND headers IS NOT NULL AND source_id IN (SELECT id FROM live_input)
