-- torn_effect: an effect that is missing on a joined channel though it was written there, by the very transaction whose
-- other effect of this input is visible on another joined channel: it should have shown both, or neither.
-- kept: several checks ask for it
SELECT DISTINCT t.id, t.channel, t.visible_on, t.pid, t.epoch
FROM torn_candidate t
JOIN marked_batch hb ON hb.topic = t.topic AND hb.part = t.part AND hb.pid = t.pid
                    AND t.off BETWEEN hb.base_off AND hb.last_off
JOIN marked_batch vb ON vb.topic = t.v_topic AND vb.part = t.v_part AND vb.pid = t.pid
                    AND t.v_off BETWEEN vb.base_off AND vb.last_off
JOIN decided_marker hm ON hm.topic = hb.topic AND hm.part = hb.part AND hm.off = hb.marker
JOIN decided_marker vm ON vm.topic = vb.topic AND vm.part = vb.part AND vm.off = vb.marker
                      AND vm.tid = hm.tid AND vm.nth = hm.nth
