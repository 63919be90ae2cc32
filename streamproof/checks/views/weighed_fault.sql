-- weighed_fault: each fault, its evidence held against the record. `contradiction`: what the record says against it, null for
-- nothing; such a fault is not effective. A transaction that was open as an instance was killed is not committed
-- afterwards, nor while an instance is paused with it; of the members that were given up, one lost what it owned then. Who
-- leaves in good order loses it when the others have met again, which may be after the instance was started again.
-- uses: txn, owner
-- kept: several checks ask for it
WITH effective AS (
    SELECT fault.kind, fault.target, fault.t_from, fault.held, fault.given_up,
           coalesce(fault.t_effect, fault.t_from) AS t_effect, coalesce(fault.t_to, promise.ended_at) AS t_to,
           CASE WHEN fault.kind = 'stop' THEN coalesce(fault.t_recovered, promise.ended_at)
                ELSE coalesce(fault.t_to, promise.ended_at) END AS t_lost,
           promise.clock_error_us AS error
    FROM fault
    CROSS JOIN promise
    WHERE fault.effective
),
open_one AS (
    SELECT kind, target, t_from, t_effect, t_to, error, unnest(held) AS tid FROM effective
),
committed AS (
    SELECT open_one.kind, open_one.target, open_one.t_from, count(DISTINCT tid) AS found, min(tid) AS tid
    FROM open_one
    JOIN txn_span USING (tid)
    WHERE txn_span.decided = 'PrepareCommit' AND txn_span.t_from <= open_one.t_effect + open_one.error
      AND txn_span.t_decided > open_one.t_effect + open_one.error
      AND (open_one.kind = 'kill' OR txn_span.t_decided < open_one.t_to - open_one.error)
    GROUP BY open_one.kind, open_one.target, open_one.t_from
),
member AS (
    SELECT kind, target, t_from, t_effect, t_lost, error, unnest(given_up) AS member FROM effective
),
kept AS (
    SELECT member.kind, member.target, member.t_from, min(member) AS member
    FROM member
    JOIN owner USING (member)
    GROUP BY member.kind, member.target, member.t_from
    -- a broker's time is cut to a millisecond
    HAVING count(*) FILTER (
        WHERE owner.t_to BETWEEN member.t_effect - member.error - 1000 AND member.t_lost + member.error
    ) = 0
),
contradicted AS (
    SELECT effective.kind, effective.target, effective.t_from,
           CASE WHEN committed.found = len(effective.held) THEN concat('transaction ', tid, ' was committed after that')
                WHEN kept.member IS NOT NULL THEN concat('member ', kept.member, ' lost nothing that it owned then')
           END AS contradiction
    FROM effective
    LEFT JOIN committed USING (kind, target, t_from)
    LEFT JOIN kept USING (kind, target, t_from)
)
SELECT fault.name, fault.kind, fault.target, fault.node, fault.instance, fault.t_from, fault.t_effect, fault.t_to, contradiction,
       concat(fault.evidence, ', but the record shows that ' || contradiction) AS evidence,
       fault.effective AND contradiction IS NULL AS effective, fault.tried_again
FROM fault
LEFT JOIN contradicted USING (kind, target, t_from)
