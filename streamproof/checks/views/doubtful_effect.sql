-- doubtful_effect: the sources and channels whose first visible effect may have come after the first commit beyond their
-- input, in the broker's order; with that commit: its offset, when it was decided, its producer. All others were there in
-- time for certain, which is most of a pipeline that is right. Only inputs that have one place are compared. A share group
-- commits each input by itself, when it acknowledges it: commit_off is null.
-- kept: it is small, and what is joined to it is not
WITH committed AS (
    SELECT input.topic, input.part, input.off, done.off AS commit_off, done.t AS committed_at,
           done.transactional, done.pid AS commit_pid, done.epoch AS commit_epoch
    FROM distinct_input AS input
    ASOF JOIN commit_time AS done ON done.topic = input.topic AND done.part = input.part AND done.off > input.off
    WHERE input.places = 1 AND (SELECT protocol FROM promise) <> 'share'
    UNION ALL
    SELECT topic, part, off, NULL, acknowledgement.t, FALSE, -1, -1
    FROM distinct_input AS input
    JOIN acknowledgement USING (topic, part, off)
    WHERE input.places = 1
)
SELECT effect.id, effect.channel, effect.seen, effect.key, topic, part, off, committed.commit_off,
       committed.committed_at, committed.transactional, committed.commit_pid, committed.commit_epoch
FROM first_effect AS effect
JOIN committed USING (topic, part, off)
LEFT JOIN transactional_pid AS transactional ON transactional.pid = effect.pid
CROSS JOIN promise
WHERE effect.places = 1 AND effect.t_append IS NOT NULL
  AND (effect.t_append > committed.committed_at + promise.clock_error_us
       OR effect.pid IS NULL  -- of several producers, or of none: each effect is looked at
       OR transactional.pid IS NOT NULL AND (
           NOT committed.transactional OR effect.pid <> committed.commit_pid
           OR effect.epoch IS DISTINCT FROM committed.commit_epoch))
