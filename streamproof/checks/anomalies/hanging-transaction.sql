-- hanging-transaction: a transaction of the subject stays open beyond its time-out and the broker's clean-up interval, or is
-- still open at the end: all that comes after it is hidden from read_committed readers.
-- origin: none in Adya or Jepsen; Kafka's own name (KIP-664)
-- witness: transaction {tid} of producer {pid}, begun at {t_from:clock}: {found} | {topic}[{part}] has an open
--   transaction: {found}
-- assumes: before the end the run waited for open transactions as long as it said it would; what is open then is a finding,
--   whatever its age. Two brokers may time its two ends, so their clocks' error is allowed for. A partition whose last
--   stable offset lags without a transaction that its coordinator knows hangs too.
-- uses: generation
SELECT s.tid, s.pid, s.epoch, NULL AS topic, NULL AS part, s.t_from, s.t_to,
       CASE WHEN s.t_to IS NOT NULL THEN 'ended late' WHEN s.decided IS NULL THEN 'open at the end'
            ELSE 'decided, and open at the end' END AS found
FROM txn_span s
CROSS JOIN promise p
WHERE s.t_to IS NULL OR s.t_to - s.t_from > (p.transaction_timeout_ms + p.cleanup_ms) * 1000 + p.clock_error_us
UNION ALL
SELECT NULL, NULL, NULL, e.topic, e.part, NULL, NULL, 'unknown to its coordinator'
FROM ends e
WHERE e.lso < e.hw
  AND EXISTS (SELECT 1 FROM effect o WHERE o.topic = e.topic)
  AND NOT EXISTS (SELECT 1 FROM txn_span s WHERE s.t_to IS NULL)
ORDER BY t_from, tid, topic, part
