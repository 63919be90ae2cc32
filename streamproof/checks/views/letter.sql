-- letter: the visible dead letters of inputs, whose headers were read.
-- kept: several checks ask for it
SELECT distinct_input.id, effect.channel, effect.topic, effect.part, effect.off, effect.key, effect.value_hash, effect.headers
FROM effect
JOIN promise ON effect.channel = promise.dead_letters
JOIN distinct_input ON distinct_input.id = effect.source_id
WHERE effect.visible AND effect.headers IS NOT NULL
