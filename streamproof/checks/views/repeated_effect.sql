-- repeated_effect: the visible effects of inputs that have more than they may, each with when it was to be seen (`t`), its
-- producer, and who owned its input's partition then (`member`, since `t_from`; `committed`: what the group had committed by
-- then). is_old: its producer had written effects of that partition before. Effects without a producer are no one's.
-- kept: several checks ask for it
WITH again AS (
    SELECT effect.source_id AS id, effect.channel, place.topic, place.part, place.off, effect.topic AS effect_topic,
           effect.part AS effect_part, effect.off AS effect_off, effect.pid, effect.epoch, effect.t_append
    FROM miscount
    JOIN distinct_input AS place ON place.id = miscount.id
    JOIN effect ON effect.source_id = miscount.id AND effect.channel = miscount.channel
    WHERE miscount.seen > miscount.at_most AND place.places = 1
      AND effect.visible AND effect.topic IS NOT NULL AND effect.pid >= 0
),
seen AS (
    SELECT again.*, coalesce(made_visible.t, again.t_append) AS t
    FROM again
    ASOF LEFT JOIN made_visible
      ON made_visible.topic = again.effect_topic AND made_visible.part = again.effect_part
     AND made_visible.pid = again.pid AND made_visible.off > again.effect_off
),
first_written AS (
    SELECT place.topic, place.part, effect.pid, effect.epoch, min(effect.t_append) AS t
    FROM effect
    SEMI JOIN again ON again.pid = effect.pid AND again.epoch = effect.epoch
    JOIN distinct_input AS place ON place.id = effect.source_id
    GROUP BY place.topic, place.part, effect.pid, effect.epoch
),
held AS (
    SELECT seen.*, takeover.member, takeover.t_from, takeover.t_to, takeover.nth, takeover.committed
    FROM seen
    ASOF JOIN takeover ON takeover.topic = seen.topic AND takeover.part = seen.part AND takeover.t_from <= seen.t
)
SELECT held.id, held.channel, held.topic, held.part, held.off, held.effect_topic, held.effect_part, held.effect_off, held.pid,
       held.epoch, held.t_append, held.t, held.member, held.t_from, held.nth, held.committed,
       first_written.t < held.t_from AS is_old
FROM held
JOIN first_written USING (topic, part, pid, epoch)
WHERE held.t_to IS NULL OR held.t <= held.t_to
