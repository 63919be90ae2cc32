-- torn: a transaction that took effect in part: a partition got another marker than its coordinator decided; or an input's
-- effect is visible on one channel, and on another, which the same transaction should join, it was written and aborted.
-- origin: the fractured reads of read atomic isolation (Bailis), seen from the log; Adya has no name for it
-- witness: input {id} is {found} ({channel}), in one transaction of producer {pid} | transaction {tid} has a {found} at
--   {topic}[{part}]@{off}, and its coordinator decided {decided}
-- assumes: a producer id has one transaction at a time, so its markers belong to the decision that they are nearest to:
--   the boundary between two transactions lies half-way between the end of the first and the decision of the second, so
--   brokers' clocks may differ by less than half a transaction. Where `clock_error_us` is more than that, a marker may be
--   of any decision that is no further away. A channel on which an effect was never written is lost there, not torn.
-- between: decided, marker
-- causes: after a commit or abort with an unknown outcome the same producer goes on: its late `EndTxn` decides the
--   next transaction (KAFKA-17754); make a new producer, and call `init_transactions` | a broker, or what stands for
--   it in tests, that writes markers which its coordinator did not decide
SELECT NULL AS id, NULL AS channel, topic, part, off, tid, pid, epoch, decided, concat('marker ', control) AS found
FROM decided_marker AS marker
WHERE (decided = 'PrepareCommit') <> (control = 'commit')
  AND NOT EXISTS (  -- by clocks that differ it may be another's
      SELECT 1
      FROM txn_span AS other
      CROSS JOIN promise
      WHERE other.pid = marker.pid AND (other.decided = 'PrepareCommit') = (marker.control = 'commit')
        AND marker.t_append >= other.t_decided - clock_error_us
        AND (other.t_to IS NULL OR marker.t_append <= other.t_to + clock_error_us)
  )
UNION ALL
SELECT torn_effect.id, torn_effect.channel, distinct_input.topic, distinct_input.part, distinct_input.off, NULL, torn_effect.pid,
       torn_effect.epoch, NULL, concat('visible on ', torn_effect.visible_on, ', aborted here')
FROM torn_effect
LEFT JOIN distinct_input USING (id)
ORDER BY id, channel, topic, part, off, pid, found
