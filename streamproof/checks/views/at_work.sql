-- at_work: of each live input, the faults that took effect while it was in flight: in the log before the fault ended, and,
-- in the broker's order, not committed past when it began, or for less than a second: a commit may come before the effect.
SELECT input_once.id, fault.t_from AS t, fault.evidence AS sentence
FROM input_once
CROSS JOIN fault
CROSS JOIN promise
WHERE fault.effective
  AND input_once.t_append <= coalesce(fault.t_to, promise.ended_at)
  AND NOT EXISTS (
      SELECT 1
      FROM group_commit AS done
      WHERE done.topic = input_once.topic AND done.part = input_once.part AND done.off > input_once.off
        AND done.t_append < fault.t_from - 1000000
  )
