-- keyed_effect: the first visible effect of each input that has a key and one place in the order of its key;
-- one that is in several partitions, or of a source without an order, has no place.
SELECT f.channel, f.effect_part, f.place, f.t_append, f.id, f.key, f.topic, f.part, f.off
FROM first_effect f
WHERE f.key IS NOT NULL AND f.places = 1 AND f.place IS NOT NULL
