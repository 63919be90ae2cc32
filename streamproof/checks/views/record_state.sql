-- record_state: what became of each record that a share group was given, change by change.
-- uses: share_state
-- kept: several checks ask for it
SELECT topic, part, unnest(range(first_off, last_off + 1)) AS off, n, t_append, state, deliveries
FROM share_state
