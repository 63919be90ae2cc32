-- hanging-transaction: a transaction of the subject stays open beyond its time-out and the broker's clean-up interval, or is
-- still open at the end: all that comes after it is hidden from read_committed readers.
-- origin: none in Adya or Jepsen; Kafka's own name (KIP-664)
-- witness: transaction {tid} of producer {pid}, begun at {t_from:clock}: {found} | {topic}[{part}] has an open
--   transaction: {found}
-- assumes: before the end the run waited for open transactions as long as it said it would; what is open then is a finding,
--   whatever its age. Two brokers may time its two ends, so their clocks' error is allowed for. While a broker is broken on
--   purpose, and until the subject has recovered, nobody may be there to end it: that time does not count. A partition
--   whose last stable offset lags without a transaction that its coordinator knows hangs too.
-- between: begun, ended
-- causes: a transaction is begun and left open over slow work, an idle topic or an error, with a long
--   `transaction.timeout.ms` | a producer dies, and each start makes up a new `transactional.id`: nothing but the
--   time-out ends what it left open | a request of an earlier transaction comes late, and opens another that nobody
--   ends (brokers before `transaction.version=2`, KIP-890)
-- uses: generation, fault
WITH broken AS (
    SELECT t_from, coalesce(t_recovered, t_to, ended_at) AS t_to
    FROM fault
    CROSS JOIN promise
    WHERE fault.target LIKE 'broker%'
),
broker_away AS (  -- where several are broken at once, that time counts once
    SELECT greatest(t_from, max(t_to) OVER (
               ORDER BY t_from, t_to ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           )) AS t_from, t_to
    FROM broken
),
timed AS (
    SELECT txn_span.*, coalesce((
        SELECT sum(least(away.t_to, txn_span.t_to) - greatest(away.t_from, txn_span.t_from))
        FROM broker_away AS away
        WHERE away.t_from < least(away.t_to, txn_span.t_to) AND txn_span.t_from < away.t_to
    ), 0) AS unattended
    FROM txn_span
)
SELECT tid, pid, epoch, NULL AS topic, NULL AS part, t_from, t_to,
       CASE WHEN t_to IS NOT NULL THEN 'ended late' WHEN decided IS NULL THEN 'open at the end'
            ELSE 'decided, and open at the end' END AS found
FROM timed
CROSS JOIN promise
WHERE t_to IS NULL OR t_to - t_from - unattended > (transaction_timeout_ms + cleanup_ms) * 1000 + clock_error_us
UNION ALL
SELECT NULL, NULL, NULL, topic, part, NULL, NULL, 'unknown to its coordinator'
FROM ends
WHERE lso < hw AND topic IN (SELECT topic FROM effect UNION SELECT topic FROM hop)
  AND NOT EXISTS (SELECT 1 FROM txn_span WHERE t_to IS NULL)
ORDER BY t_from, tid, topic, part
