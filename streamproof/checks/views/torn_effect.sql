-- torn_effect: an effect that is missing on a joined channel though it was written there, by the very producer and epoch
-- whose sibling is visible on another joined channel: one transaction would have shown both, or neither.
-- Under read_uncommitted nothing is hidden, so nothing is torn, unless exactly-once is promised.
SELECT DISTINCT h.source_id AS id, h.channel, v.channel AS visible_on, h.pid, h.epoch
FROM promise p
JOIN effect h ON NOT h.visible AND array_contains(p.joined, h.channel)
JOIN expected x ON x.id = h.source_id AND x.channel = h.channel AND x.grp = p.grp AND x.at_least > 0
JOIN effect v ON v.source_id = h.source_id AND v.visible AND v.pid = h.pid AND v.epoch = h.epoch
             AND v.channel <> h.channel AND array_contains(p.joined, v.channel)
WHERE (p.isolation = 'read_committed' OR p.delivery = 'exactly-once')
  AND EXISTS (SELECT 1 FROM txn_span s WHERE s.pid = h.pid)
  AND NOT EXISTS (
      SELECT 1 FROM effect o WHERE o.source_id = h.source_id AND o.channel = h.channel AND o.visible
  )
