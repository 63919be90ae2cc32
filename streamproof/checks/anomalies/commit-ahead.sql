-- commit-ahead: the first commit beyond an input, or its acknowledgement in a share group, came before any of its effects, and
-- it lay nowhere else: a crash between the two would lose it. An input that was handed on to a hop lies there until it is committed past there. An input whose
-- effects never appear is lost, not this; an input that need not have any cannot be lost.
-- origin: none in Adya or Jepsen; Kafka's own "commit after processing"
-- witness: input {id} ({topic}[{part}]@{off}) was committed past (to {commit_off}) at {committed_at:clock}; its effect
--   on {channel} came at {appeared_at:clock} |
--   input {id} ({topic}[{part}]@{off}) was acknowledged at {committed_at:clock}; its effect on {channel} came at
--   {appeared_at:clock}
-- assumes: effects and commits are timed by brokers whose clocks agree to `clock_error_us`; equal times are no witness. A
--   transactional commit counts from its transaction's first commit marker, an effect from when its coordinator had
--   decided: from then on nothing takes it back, though its markers follow. Unless both are of one producer and epoch:
--   what one transaction does is done at once, and its records precede its markers. Of several effects, that
--   which came first counts; it need not be the first in the log. Where a hop's records do not all name an input, where an
--   input lay is not known.
-- between: committed, effect
-- causes: `enable.auto.commit=true`, the default: what was handed out is committed by the clock, done or not; in
--   librdkafka set `enable.auto.offset.store=false` and store offsets after the effect | the commit stands before the
--   work, or before the `flush` of its effects | `commit()` without offsets commits all that was handed out, also what
--   still waits in a batch, a queue or a pool of workers; commit the last offset that is done, + 1 | work is handed to
--   threads, and the offset of the last record that was read is committed, not that of the last before which all is done
SELECT id, channel, key, topic, part, off, commit_off, committed_at, appeared_at
FROM ahead_of_effects AS ahead
CROSS JOIN promise
WHERE NOT EXISTS (
    SELECT 1
    FROM hop_stay AS stay
    WHERE stay.id = ahead.id
      -- it lay there by then; what one transaction does is done at once
      AND (coalesce(stay.t_from <= ahead.committed_at + promise.clock_error_us, TRUE)
           OR ahead.transactional AND stay.pid = ahead.commit_pid AND stay.epoch = ahead.commit_epoch
              AND coalesce(stay.t_written <= ahead.committed_at, TRUE))
      -- and went on to lie there; of commits at the same time one counts as the last
      AND (stay.committed_at IS NULL
           OR (stay.committed_at, stay.topic, stay.part, stay.off) > (ahead.committed_at, ahead.topic, ahead.part, ahead.off))
)
ORDER BY topic, part, off, id, channel
