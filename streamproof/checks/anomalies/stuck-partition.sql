-- stuck-partition: at the end of the work a partition has an input to be done, and for longer than a session or a transaction
-- can hold it back nothing of it was committed or written, nothing was broken, and the group went on in others.
-- origin: none in Adya or Jepsen; a liveness failure of a part
-- witness: {topic}[{part}] stands at {committed} since {since:clock}, before input {id}, while the group went on elsewhere |
--   {topic}[{part}], of which nothing is committed, stands before input {id} since {since:clock}, while the group went on
--   elsewhere
-- assumes: the bound is 55 s, longer than clients' sessions and shorter than a run waits; where effects are written in
--   transactions, a transaction's time-out and the broker's clean-up, if that is longer. An effect of the partition that is
--   written, shown or hidden, is a sign of life, and so is a commit that went no further; what comes of being asked to stop
--   is none. Each input that waits there is late; what stands still as a whole is late, and not this.
-- between: before, uncommitted
-- causes: a partition was paused and never resumed: librdkafka keeps a pause over a rebalance | the thread of the partition is
--   dead, or waits for a record that always fails, and the others go on | an instance hangs in a call without a time-out, and
--   still sends heartbeats
-- uses: effect, batch
WITH waiting AS (
    SELECT topic, part, min(off) AS off, min_by(late_input.id, off) AS id, max(committed) AS committed,
           min_by(place.t_append, off) AS arrived_at
    FROM late_input
    JOIN place USING (topic, part, off)
    GROUP BY topic, part
),
sign AS (
    SELECT topic, part, t_append AS t FROM group_commit
    UNION ALL
    SELECT input.topic, input.part, max(effect.t_append)
    FROM live_input AS input
    SEMI JOIN waiting ON waiting.topic = input.topic AND waiting.part = input.part
    JOIN effect ON effect.source_id = input.id
    GROUP BY input.topic, input.part
),
standing AS (
    SELECT waiting.topic, waiting.part, waiting.off, waiting.id, waiting.committed,
           greatest(waiting.arrived_at, max(sign.t), (SELECT max(coalesce(t_recovered, t_to, ended_at)) FROM fault, promise))
               AS since
    FROM waiting
    CROSS JOIN work_end
    LEFT JOIN sign ON sign.topic = waiting.topic AND sign.part = waiting.part AND sign.t <= work_end.t
    GROUP BY waiting.topic, waiting.part, waiting.off, waiting.id, waiting.committed, waiting.arrived_at
),
bound AS (
    SELECT CASE WHEN EXISTS (SELECT 1 FROM batch SEMI JOIN effect USING (topic) WHERE batch.transactional)
                THEN greatest(55000, transaction_timeout_ms + cleanup_ms) ELSE 55000 END * 1000 + clock_error_us AS us
    FROM promise
)
SELECT standing.id, standing.topic, standing.part, standing.off, standing.committed, standing.since, work_end.t AS t_to
FROM standing, work_end, bound
WHERE work_end.t - standing.since > bound.us
  AND EXISTS (
      SELECT 1
      FROM commit_time AS elsewhere
      WHERE elsewhere.t > standing.since AND elsewhere.t <= work_end.t
        AND (elsewhere.topic <> standing.topic OR elsewhere.part <> standing.part)
  )
ORDER BY standing.topic, standing.part
