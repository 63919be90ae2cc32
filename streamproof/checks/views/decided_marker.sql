-- decided_marker: each transaction marker of the subject's producers, with the decision that it belongs to.
-- A coordinator that took over writes markers again: those are the same decision's, and harmless.
-- kept: several checks ask for it
WITH decision AS (
    SELECT *, coalesce(
        (lag(t_to) OVER (PARTITION BY pid ORDER BY nth) + t_decided) / 2, t_from
    ) AS t_first_marker
    FROM txn_span
    WHERE decided IS NOT NULL
),
marker AS (
    SELECT topic, part, base_off AS off, control, pid, epoch, t_append FROM batch WHERE control <> 'none'
)
SELECT marker.*, decision.tid, decision.nth, decision.decided, decision.t_decided
FROM marker
ASOF JOIN decision ON decision.pid = marker.pid AND decision.t_first_marker <= marker.t_append
