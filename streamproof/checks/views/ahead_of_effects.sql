-- ahead_of_effects: the commits of left_place that came before any of the effects that they are due for, each with when the
-- first of these appeared.
WITH shown AS (  -- found by what is in doubt, which is little, before all effects are joined to it
    SELECT effect.*
    FROM effect
    SEMI JOIN left_place ON left_place.id = effect.source_id AND left_place.channel = effect.channel
    WHERE effect.visible AND effect.t_append IS NOT NULL
),
timed AS (
    SELECT left_place.*, shown.topic AS effect_topic, shown.part AS effect_part, shown.off AS place,
           shown.t_append AS written_at, transactional.pid AS marked_pid,
           transactional.pid IS NOT NULL AND NOT (
               left_place.transactional AND shown.pid = left_place.commit_pid
               AND shown.epoch = left_place.commit_epoch) AS is_marked
    FROM left_place
    JOIN shown ON shown.source_id = left_place.id AND shown.channel = left_place.channel
    LEFT JOIN transactional_pid AS transactional ON transactional.pid = shown.pid
),
appeared AS (
    SELECT timed.*, CASE WHEN timed.is_marked THEN made_visible.t ELSE timed.written_at END AS appeared_at
    FROM timed
    ASOF LEFT JOIN made_visible
      ON made_visible.topic = timed.effect_topic AND made_visible.part = timed.effect_part
     AND made_visible.pid = timed.marked_pid AND made_visible.off > timed.place
)
SELECT id, channel, key, topic, part, off, commit_off, committed_at, transactional, commit_pid, commit_epoch,
       min(appeared_at) AS appeared_at
FROM appeared
CROSS JOIN promise
WHERE appeared_at > committed_at + clock_error_us
GROUP BY id, channel, key, topic, part, off, commit_off, committed_at, transactional, commit_pid, commit_epoch, seen
HAVING count(*) = seen
