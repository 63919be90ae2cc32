-- torn_candidate: an effect that is missing on a joined channel though it was written there (topic, part, off), by a producer
-- whose effect of the same input is visible on another joined channel (v_…).
-- Under read_uncommitted nothing is hidden, so nothing is torn, unless exactly-once is promised.
-- kept: the joins of torn_effect must not be made of all that is hidden
SELECT hidden.source_id AS id, hidden.channel, shown.channel AS visible_on, hidden.pid, hidden.epoch,
       hidden.topic, hidden.part, hidden.off, shown.topic AS v_topic, shown.part AS v_part, shown.off AS v_off
FROM miscount
CROSS JOIN promise
JOIN effect AS hidden
  ON hidden.source_id = miscount.id AND hidden.channel = miscount.channel AND NOT hidden.visible
JOIN effect AS shown
  ON shown.source_id = miscount.id AND shown.channel <> miscount.channel AND shown.visible
 AND shown.pid = hidden.pid AND shown.epoch = hidden.epoch
WHERE miscount.seen = 0 AND miscount.at_least > 0
  AND array_contains(promise.joined, hidden.channel) AND array_contains(promise.joined, shown.channel)
  AND (promise.isolation = 'read_committed' OR promise.delivery = 'exactly-once')
