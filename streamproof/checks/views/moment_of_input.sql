-- moment_of_input: what happened to the input of a story: sent, owned by whom, committed past; what was done of its partition
-- before it, and after it; what never came. `n`, `word`: a number and a text that the moment's sentence has.
WITH neighbour AS (
    SELECT effect.off, effect.t_append, place.off AS own
    FROM first_effect AS effect
    JOIN story_place AS place ON place.topic = effect.topic AND place.part = effect.part AND effect.off <> place.off
    CROSS JOIN witness
    WHERE effect.places = 1 AND effect.t_append IS NOT NULL
      AND (witness.channel IS NULL OR witness.channel = effect.channel)
),
before_it AS (
    SELECT t_append AS t, off AS n FROM neighbour WHERE off < own ORDER BY t DESC, n DESC LIMIT 1
),
after_it AS (
    SELECT t_append AS t, off AS n FROM neighbour WHERE off > own ORDER BY t, n LIMIT 1
)
SELECT 'sent' AS what, coalesce(sent.t_invoke, place.t_append) AS t, place.topic, place.part, place.off,
       NULL AS channel, NULL AS member, NULL AS pid, NULL AS n,
       CASE sent.outcome WHEN 'ok' THEN 'acknowledged' WHEN 'fail' THEN 'refused'
                         WHEN 'unknown' THEN 'with an unknown outcome' END AS word
FROM story_input AS place
LEFT JOIN sent ON sent.id = place.id AND coalesce(sent.part, place.part) = place.part
              AND coalesce(sent.off, place.off) = place.off
UNION ALL
SELECT 'owned', greatest(tenure.t_from, place.t_append), topic, part, NULL, NULL, tenure.member, NULL,
       CASE WHEN tenure.t_from < place.t_append THEN tenure.t_from END, NULL
FROM tenure
JOIN story_place AS place USING (topic, part)
WHERE tenure.t_to IS NULL OR tenure.t_to > place.t_append
UNION ALL
SELECT 'kept', owner.t_from, owner.topic, owner.part, NULL, NULL, owner.member, NULL, NULL, NULL
FROM owner
JOIN story_place AS place ON place.topic = owner.topic AND place.part = owner.part AND place.t_append < owner.t_from
ANTI JOIN tenure ON tenure.topic = owner.topic AND tenure.part = owner.part AND tenure.t_from = owner.t_from
UNION ALL
SELECT 'before', coalesce(before_it.t, place.t_append), topic, part, NULL, NULL, NULL, NULL, before_it.n, NULL
FROM story_place AS place
LEFT JOIN before_it ON TRUE
WHERE place.off IS NOT NULL
UNION ALL
SELECT 'after', after_it.t, topic, part, NULL, NULL, NULL, NULL, after_it.n, NULL
FROM story_place AS place
LEFT JOIN after_it ON TRUE
WHERE place.off IS NOT NULL
UNION ALL
SELECT 'missing', NULL, NULL, NULL, NULL, channel, NULL, NULL, miscount.at_least, CAST(miscount.seen AS VARCHAR)
FROM miscount
JOIN witness USING (id, channel)
WHERE miscount.seen < miscount.at_least
UNION ALL
SELECT 'uncommitted', NULL, topic, part, off, NULL, NULL, NULL, late_input.committed, NULL
FROM late_input
JOIN (SELECT topic, part, off FROM story_input UNION SELECT topic, part, off FROM story_place) USING (topic, part, off)
