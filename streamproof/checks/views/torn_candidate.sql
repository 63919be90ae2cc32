-- torn_candidate: an effect that is missing on a joined channel though it was written there (topic, part, off), by a producer
-- whose effect of the same input is visible on another joined channel (v_…).
-- Under read_uncommitted nothing is hidden, so nothing is torn, unless exactly-once is promised.
-- kept: the joins of torn_effect must not be made of all that is hidden
WITH missing AS (
    SELECT miscount.id, miscount.channel, promise.joined
    FROM miscount
    CROSS JOIN promise
    WHERE miscount.seen = 0 AND array_contains(promise.joined, miscount.channel)
      AND (promise.isolation = 'read_committed' OR promise.delivery = 'exactly-once')
),
of_missing AS (  -- found by what is missing, which is little, before effects are joined to each other
    SELECT effect.* FROM effect SEMI JOIN missing ON missing.id = effect.source_id
)
SELECT missing.id, missing.channel, shown.channel AS visible_on, hidden.pid, hidden.epoch,
       hidden.topic, hidden.part, hidden.off, shown.topic AS v_topic, shown.part AS v_part, shown.off AS v_off
FROM missing
JOIN of_missing AS hidden
  ON hidden.source_id = missing.id AND hidden.channel = missing.channel AND NOT hidden.visible
JOIN of_missing AS shown
  ON shown.source_id = missing.id AND shown.channel <> missing.channel AND shown.visible
 AND shown.pid = hidden.pid AND shown.epoch = hidden.epoch AND array_contains(missing.joined, shown.channel)
