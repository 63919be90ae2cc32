-- key_run: the inputs of one key in one partition, as they are seen on one partition of a channel: how many adjacent
-- pairs there are, from when to when.
-- kept: several checks ask for it
SELECT f.channel, f.effect_part, f.topic, f.part, f.key,
       count(*) - 1 AS pairs, min(f.t_append) AS t_from, max(f.t_append) AS t_to
FROM keyed_effect f
GROUP BY f.channel, f.effect_part, f.topic, f.part, f.key
HAVING count(*) > 1
