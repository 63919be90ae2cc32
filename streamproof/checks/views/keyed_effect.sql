-- keyed_effect: the first visible effect of each input that has a key and one place in the order of its key;
-- an input in several partitions, or of a source without an order, has no place.
SELECT channel, effect_part, place, t_append, id, key, topic, part, off
FROM first_effect
WHERE key IS NOT NULL AND places = 1 AND place IS NOT NULL
