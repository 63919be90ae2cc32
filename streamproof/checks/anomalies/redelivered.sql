-- redelivered: a record that a share group had acknowledged was not left at that: it was let go, acknowledged once more or
-- archived, so it was delivered again.
-- origin: ours; KIP-932: a record that is acknowledged is not delivered again
-- witness: {topic}[{part}]@{off} was acknowledged at {acknowledged_at:clock}, and {state} at {t:clock}, after {deliveries}
--   deliveries
-- assumes: nobody resets the group's offsets while the run goes on. What is delivered again and never spoken of, because the
--   run was over, is not seen.
-- causes: the coordinator of the share group lost what it had been told: look at the replication of `__share_group_state`
WITH followed AS (
    SELECT *, lag(state) OVER in_order AS state_before, lag(t_append) OVER in_order AS acknowledged_at
    FROM record_state
    WINDOW in_order AS (PARTITION BY topic, part, off ORDER BY n)
)
SELECT input.id, topic, part, off, acknowledged_at, followed.t_append AS t, state, deliveries
FROM followed
LEFT JOIN input USING (topic, part, off)
WHERE state_before = 'acknowledged'
ORDER BY topic, part, off, t
