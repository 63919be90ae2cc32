-- fault_in_flight: the faults that took effect while an input was in flight: in the log before the fault ended, and, in the
-- broker's order, not committed past when it began.
-- kept: several checks ask for it
WITH effective AS (
    SELECT fault.kind, fault.target, fault.t_from, coalesce(fault.t_to, promise.ended_at) AS t_to
    FROM weighed_fault AS fault
    CROSS JOIN promise
    WHERE fault.effective
),
committed_before AS (
    SELECT effective.t_from, done.topic, done.part, max(done.off) AS off
    FROM effective
    JOIN group_commit AS done ON done.t_append < effective.t_from
    GROUP BY effective.t_from, done.topic, done.part
)
SELECT DISTINCT effective.kind, effective.target, effective.t_from
FROM effective
JOIN place ON place.t_append <= effective.t_to
LEFT JOIN committed_before ON committed_before.t_from = effective.t_from
                          AND committed_before.topic = place.topic AND committed_before.part = place.part
WHERE place.off >= coalesce(committed_before.off, 0)
