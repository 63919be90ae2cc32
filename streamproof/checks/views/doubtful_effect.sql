-- doubtful_effect: the sources and channels whose first visible effect may have come after the first commit beyond their
-- input, in the broker's order; with that commit: its offset, when it was decided, its producer. All others were there in
-- time for certain, which is most of a pipeline that is right. Only inputs that have one place are compared.
-- kept: it is small, and what is joined to it is not
WITH transactional AS (
    SELECT DISTINCT pid FROM batch WHERE control <> 'none'
),
beyond AS (
    SELECT effect.id, effect.channel, effect.seen, effect.key, effect.topic, effect.part, effect.off,
           effect.t_append, effect.pid, effect.epoch, done.off AS commit_off, done.t AS committed_at,
           done.transactional, done.pid AS commit_pid, done.epoch AS commit_epoch
    FROM first_effect AS effect
    ASOF JOIN commit_time AS done
      ON done.topic = effect.topic AND done.part = effect.part AND done.off > effect.off
    WHERE effect.places = 1 AND effect.t_append IS NOT NULL
)
SELECT beyond.id, beyond.channel, beyond.seen, beyond.key, beyond.topic, beyond.part, beyond.off, beyond.commit_off,
       beyond.committed_at, beyond.transactional, beyond.commit_pid, beyond.commit_epoch
FROM beyond
LEFT JOIN transactional ON transactional.pid = beyond.pid
CROSS JOIN promise
WHERE beyond.t_append > beyond.committed_at + promise.clock_error_us
   OR beyond.pid IS NULL  -- of several partitions, or without a producer: looked at one by one
   OR transactional.pid IS NOT NULL AND NOT (
       beyond.transactional AND beyond.pid = beyond.commit_pid AND beyond.epoch = beyond.commit_epoch)
