-- torn_effect: an effect that is missing on a joined channel though it was written there, by the very transaction whose
-- other effect of this input is visible on another joined channel: it should have shown both, or neither.
-- kept: several checks ask for it
WITH hidden AS (
    SELECT candidate.*, decision.tid, decision.nth
    FROM torn_candidate AS candidate
    JOIN marked_batch AS batch
      ON batch.topic = candidate.topic AND batch.part = candidate.part AND batch.pid = candidate.pid
     AND candidate.off BETWEEN batch.base_off AND batch.last_off
    JOIN decided_marker AS decision
      ON decision.topic = batch.topic AND decision.part = batch.part AND decision.off = batch.marker
)
SELECT DISTINCT hidden.id, hidden.channel, hidden.visible_on, hidden.pid, hidden.epoch
FROM hidden
JOIN marked_batch AS batch
  ON batch.topic = hidden.v_topic AND batch.part = hidden.v_part AND batch.pid = hidden.pid
 AND hidden.v_off BETWEEN batch.base_off AND batch.last_off
JOIN decided_marker AS decision
  ON decision.topic = batch.topic AND decision.part = batch.part AND decision.off = batch.marker
 AND decision.tid = hidden.tid AND decision.nth = hidden.nth
