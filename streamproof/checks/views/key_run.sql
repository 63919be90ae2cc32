-- key_run: the inputs of one key in one partition that went the same way (`way`: through which partitions of hops; null:
-- through none), as they are seen on one partition of a channel: how many adjacent
-- pairs there are, from when to when.
-- kept: several checks ask for it
SELECT channel, effect_part, topic, part, key, way,
       count(*) - 1 AS pairs, min(t_append) AS t_from, max(t_append) AS t_to
FROM keyed_effect
LEFT JOIN hop_way USING (id)
GROUP BY channel, effect_part, topic, part, key, way
HAVING count(*) > 1
