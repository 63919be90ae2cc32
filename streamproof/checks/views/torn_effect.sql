-- torn_effect: an effect that is missing on a joined channel though it was written there, by the very transaction whose
-- other effect of this input is visible on another joined channel: it should have shown both, or neither.
-- Under read_uncommitted nothing is hidden, so nothing is torn, unless exactly-once is promised.
SELECT DISTINCT t.id, t.channel, t.visible_on, t.pid, t.epoch
FROM (
    SELECT h.source_id AS id, h.channel, v.channel AS visible_on, h.pid, h.epoch,
           h.topic, h.part, h.off, v.topic AS v_topic, v.part AS v_part, v.off AS v_off
    FROM promise p
    JOIN effect h ON NOT h.visible AND array_contains(p.joined, h.channel)
    JOIN expected x ON x.id = h.source_id AND x.channel = h.channel AND x.grp = p.grp AND x.at_least > 0
    JOIN effect v ON v.source_id = h.source_id AND v.visible AND v.pid = h.pid AND v.epoch = h.epoch
                 AND v.channel <> h.channel AND array_contains(p.joined, v.channel)
    WHERE (p.isolation = 'read_committed' OR p.delivery = 'exactly-once')
      AND NOT EXISTS (
          SELECT 1 FROM effect o WHERE o.source_id = h.source_id AND o.channel = h.channel AND o.visible
      )
) t
JOIN marked_batch hb ON hb.topic = t.topic AND hb.part = t.part AND hb.pid = t.pid
                    AND t.off BETWEEN hb.base_off AND hb.last_off
JOIN marked_batch vb ON vb.topic = t.v_topic AND vb.part = t.v_part AND vb.pid = t.pid
                    AND t.v_off BETWEEN vb.base_off AND vb.last_off
JOIN decided_marker hm ON hm.topic = hb.topic AND hm.part = hb.part AND hm.off = hb.marker
JOIN decided_marker vm ON vm.topic = vb.topic AND vm.part = vb.part AND vm.off = vb.marker
                      AND vm.tid = hm.tid AND vm.nth = hm.nth
