-- left_place: the commits that took an input out of a place where it lay, in the input or in a hop, for each of its effects
-- that is due and may have come after the input was committed past. None where hops hold records that name no input.
-- kept: it is asked for twice
WITH due AS (
    SELECT doubtful_effect.*
    FROM doubtful_effect
    JOIN expected ON expected.id = doubtful_effect.id AND expected.channel = doubtful_effect.channel
                 AND expected.at_least > 0
    WHERE NOT EXISTS (SELECT 1 FROM lost_track)
)
SELECT id, channel, seen, key, topic, part, off, commit_off, committed_at, transactional, commit_pid, commit_epoch
FROM due
UNION ALL
SELECT due.id, due.channel, due.seen, due.key, stay.topic, stay.part, stay.off, stay.commit_off, stay.committed_at,
       stay.transactional, stay.commit_pid, stay.commit_epoch
FROM due
JOIN hop_stay AS stay USING (id)
WHERE stay.committed_at IS NOT NULL
