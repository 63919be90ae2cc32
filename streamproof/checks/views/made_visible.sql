-- made_visible: when the markers of committed transactions made what lies before them visible: when their coordinator had
-- decided so, if that is known and was before, else when they were written.
SELECT batch.topic, batch.part, batch.pid, batch.base_off AS off, least(decided_marker.t_decided, batch.t_append) AS t
FROM batch
LEFT JOIN decided_marker
  ON decided_marker.topic = batch.topic AND decided_marker.part = batch.part AND decided_marker.off = batch.base_off
WHERE batch.control = 'commit'
