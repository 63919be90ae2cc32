-- archived_input: the inputs that a share group was given for the last time: archived, at the limit of deliveries or because
-- they were rejected. deliveries: how many there were; t: when it was archived.
WITH latest AS (
    SELECT topic, part, off, max_by(state, n) AS state, max_by(deliveries, n) AS deliveries, max_by(t_append, n) AS t
    FROM record_state
    GROUP BY topic, part, off
)
SELECT live_input.id, topic, part, off, deliveries, t
FROM latest
JOIN live_input USING (topic, part, off)
WHERE state = 'archived'
