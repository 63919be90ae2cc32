-- recovery: each effective fault that was over while no other was in effect, and each partition that had an input to be
-- done by then (`off`): when the group committed further there (`went_on`; null: never), and until when that can be told
-- (`t_known`: the next fault, or the end of the work).
-- kept: it is asked for twice
WITH healed AS (
    SELECT fault.kind, fault.target, fault.t_to,
           least((SELECT t FROM work_end), (SELECT min(other.t_from) FROM weighed_fault AS other
                                            WHERE other.effective AND other.t_from > fault.t_to)) AS t_known
    FROM weighed_fault AS fault
    WHERE fault.effective AND fault.t_to IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM weighed_fault AS other
                      WHERE other.effective AND other.t_from <= fault.t_to
                        AND (other.t_to IS NULL OR other.t_to > fault.t_to))
),
stood AS (
    SELECT healed.kind, healed.target, healed.t_to, done.topic, done.part, max(done.off) AS off
    FROM healed
    JOIN group_commit AS done ON done.t_append <= healed.t_to
    GROUP BY healed.kind, healed.target, healed.t_to, done.topic, done.part
),
waiting AS (
    SELECT healed.kind, healed.target, healed.t_to, healed.t_known, input.topic, input.part, max(input.off) AS last_off
    FROM healed
    JOIN live_input AS input ON input.t_append <= healed.t_to
    GROUP BY healed.kind, healed.target, healed.t_to, healed.t_known, input.topic, input.part
),
due AS (
    SELECT waiting.*, coalesce(stood.off, 0) AS off
    FROM waiting
    LEFT JOIN stood USING (kind, target, t_to, topic, part)
    WHERE waiting.last_off >= coalesce(stood.off, 0)
)
SELECT due.kind, due.target, due.t_to, due.t_known, due.topic, due.part, due.off, min(done.t) AS went_on
FROM due
LEFT JOIN commit_time AS done
  ON done.topic = due.topic AND done.part = due.part AND done.off > due.off AND done.t > due.t_to
GROUP BY due.kind, due.target, due.t_to, due.t_known, due.topic, due.part, due.off
