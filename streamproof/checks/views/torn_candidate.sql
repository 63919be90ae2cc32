-- torn_candidate: an effect that is missing on a joined channel though it was written there (topic, part, off), by a producer
-- whose effect of the same input is visible on another joined channel (v_…).
-- Under read_uncommitted nothing is hidden, so nothing is torn, unless exactly-once is promised.
-- kept: the joins of torn_effect must not be made of all that is hidden
SELECT h.source_id AS id, h.channel, v.channel AS visible_on, h.pid, h.epoch,
       h.topic, h.part, h.off, v.topic AS v_topic, v.part AS v_part, v.off AS v_off
FROM miscount m
CROSS JOIN promise p
JOIN effect h ON h.source_id = m.id AND h.channel = m.channel AND NOT h.visible
JOIN effect v ON v.source_id = m.id AND v.channel <> m.channel AND v.visible AND v.pid = h.pid AND v.epoch = h.epoch
WHERE m.seen = 0 AND m.at_least > 0
  AND array_contains(p.joined, h.channel) AND array_contains(p.joined, v.channel)
  AND (p.isolation = 'read_committed' OR p.delivery = 'exactly-once')
