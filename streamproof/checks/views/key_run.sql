-- key_run: the inputs of one key in one partition, as they are seen on one partition of a channel: how many adjacent
-- pairs there are, from when to when.
-- kept: several checks ask for it
SELECT channel, effect_part, topic, part, key,
       count(*) - 1 AS pairs, min(t_append) AS t_from, max(t_append) AS t_to
FROM keyed_effect
GROUP BY channel, effect_part, topic, part, key
HAVING count(*) > 1
