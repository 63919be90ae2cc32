-- commit-ahead: the first commit beyond an input came before any of its effects: a crash between the two would lose it.
-- An input whose effects never appear is lost, not this; an input that need not have any cannot be lost.
-- origin: none in Adya or Jepsen; Kafka's own "commit after processing"
-- witness: input {id} ({topic}[{part}]@{off}) was committed past (to {commit_off}) at {committed_at:clock}; its effect
--   on {channel} came at {appeared_at:clock}
-- assumes: effects and commits are timed by brokers whose clocks agree to `clock_error_us`; equal times are no witness. A
--   transactional commit counts from its transaction's first commit marker, an effect from when its coordinator had
--   decided: from then on nothing takes it back, though its markers follow. Unless both are of one producer and epoch:
--   what one transaction does is done at once, and its records precede its markers. Of several effects, that
--   which came first counts; it need not be the first in the log.
-- between: committed, effect
-- causes: `enable.auto.commit=true`, the default: what was handed out is committed by the clock, done or not; in
--   librdkafka set `enable.auto.offset.store=false` and store offsets after the effect | the commit stands before the
--   work, or before the `flush` of its effects | work is handed to threads, and the offset of the last record that
--   was read is committed, not that of the last before which all is done
WITH transactional AS (
    SELECT DISTINCT pid FROM batch WHERE control <> 'none'
),
due AS (
    SELECT doubtful_effect.*
    FROM doubtful_effect
    JOIN expected ON expected.id = doubtful_effect.id AND expected.channel = doubtful_effect.channel
                 AND expected.at_least > 0
),
shown AS (  -- found by what is due, which is little, before all effects are joined to it
    SELECT effect.*
    FROM effect
    SEMI JOIN due ON due.id = effect.source_id AND due.channel = effect.channel
    WHERE effect.visible AND effect.t_append IS NOT NULL
),
timed AS (
    SELECT due.*, shown.topic AS effect_topic, shown.part AS effect_part, shown.off AS place,
           shown.t_append AS written_at, transactional.pid AS marked_pid,
           transactional.pid IS NOT NULL AND NOT (
               due.transactional AND shown.pid = due.commit_pid AND shown.epoch = due.commit_epoch) AS is_marked
    FROM due
    JOIN shown ON shown.source_id = due.id AND shown.channel = due.channel
    LEFT JOIN transactional ON transactional.pid = shown.pid
),
appeared AS (
    SELECT timed.*, CASE WHEN timed.is_marked THEN made_visible.t ELSE timed.written_at END AS appeared_at
    FROM timed
    ASOF LEFT JOIN made_visible
      ON made_visible.topic = timed.effect_topic AND made_visible.part = timed.effect_part
     AND made_visible.pid = timed.marked_pid AND made_visible.off > timed.place
)
SELECT id, channel, key, topic, part, off, commit_off, committed_at, min(appeared_at) AS appeared_at
FROM appeared
CROSS JOIN promise
WHERE appeared_at > committed_at + clock_error_us
GROUP BY id, channel, key, topic, part, off, commit_off, committed_at, seen
HAVING count(*) = seen
ORDER BY topic, part, off, id, channel
