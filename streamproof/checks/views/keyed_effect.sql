-- keyed_effect: the first visible effect of each input that has a key and one place in the order of its key.
SELECT t.channel, t.part AS effect_part, t.place, t.t_append, i.id, i.key, i.topic, i.part, i.off
FROM tally t
JOIN input_once i ON i.id = t.id
WHERE t.seen > 0 AND t.parts = 1 AND i.places = 1 AND i.key IS NOT NULL
