-- interrupted: the tenures of partitions that ended, by a crash or otherwise, while an input of the partition had effects, or
-- was handed on (under at-most-once: had arrived) and was, in the broker's order, not committed past: the next owner began
-- it again. Of a share group, the inputs that were let go when they had effects.
WITH committed_by_then AS (
    SELECT tenure.grp, tenure.topic, tenure.part, tenure.t_to, max(done.off) AS off
    FROM tenure
    JOIN group_commit AS done
      ON done.grp = tenure.grp AND done.topic = tenure.topic AND done.part = tenure.part
     AND done.t_append <= tenure.t_to
    GROUP BY tenure.grp, tenure.topic, tenure.part, tenure.t_to
)
SELECT DISTINCT tenure.topic, tenure.part, tenure.t_to AS t
FROM tenure
JOIN place ON place.topic = tenure.topic AND place.part = tenure.part AND place.t_append <= tenure.t_to
CROSS JOIN promise
LEFT JOIN committed_by_then
  ON committed_by_then.grp = tenure.grp AND committed_by_then.topic = tenure.topic
 AND committed_by_then.part = tenure.part AND committed_by_then.t_to = tenure.t_to
WHERE place.off >= coalesce(committed_by_then.off, 0)
  AND (promise.delivery = 'at-most-once'
       OR EXISTS (
           SELECT 1
           FROM effect
           WHERE effect.source_id = place.id AND effect.topic IS NOT NULL AND effect.t_append <= tenure.t_to
       )
       OR array_contains(promise.inputs, place.topic) AND EXISTS (  -- which hop comes after which is not known
           SELECT 1
           FROM hop_place AS handed_on
           WHERE handed_on.id = place.id AND handed_on.t_append <= tenure.t_to
       ))
UNION
SELECT record_state.topic, record_state.part, record_state.t_append
FROM record_state
JOIN live_input USING (topic, part, off)
JOIN effect ON effect.source_id = live_input.id AND effect.topic IS NOT NULL AND effect.t_append <= record_state.t_append
WHERE record_state.state = 'available'
