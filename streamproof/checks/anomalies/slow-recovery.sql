-- slow-recovery: a fault was over, an input was there to be done in a partition, and the group committed nothing further of it
-- for longer than the contract promises (`x-recovery`).
-- origin: none in Adya or Jepsen; a service's own objective
-- witness: {topic}[{part}] went on at {went_on:clock}, from {off}: the fault {kind}@{target} was over at {t_to:clock}, and
--   {recovery_ms} ms are promised | {topic}[{part}] stood at {off} when the fault {kind}@{target} was over at {t_to:clock}, and
--   never went on, where {recovery_ms} ms are promised
-- assumes: only where a time is promised; a session that has to run out, a rebalance and a start count, for whoever waits
--   knows nothing of them. A fault during which, or soon after which, another is in effect is not judged. Clocks of broker
--   and machine may differ by `clock_error_us`. What never goes on is late, too, and, while the rest goes on, stuck.
-- causes: `session.timeout.ms`, 45 s by default, has to run out before a dead member's partitions go to others | a
--   transaction that was left open holds back who reads the committed offsets, until its `transaction.timeout.ms`, 60 s by
--   default | back-off that grows with each error, and is not started again when the broker is back
-- uses: txn
SELECT topic, part, off, kind, target, t_to, went_on, recovery_ms
FROM recovery
CROSS JOIN promise
WHERE least(coalesce(went_on, t_known), t_known) > t_to + recovery_ms * 1000 + clock_error_us
ORDER BY t_to, topic, part
