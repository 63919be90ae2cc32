-- commit-ahead: the first commit beyond an input came before any of its effects: a crash between the two would lose it.
-- One whose effects never appear is lost, not this; one that need not have any cannot be lost.
-- origin: none in Adya or Jepsen; Kafka's own "commit after processing"
-- witness: input {id} ({topic}[{part}]@{off}) was committed past (to {commit_off}) at {committed_at:clock}; its effect
--   on {channel} came at {appeared_at:clock}
-- assumes: effects and commits are timed by brokers whose clocks agree to `clock_error_us`; equal times are no witness. A
--   transactional commit counts from its transaction's first commit marker, an effect from when its coordinator had
--   decided: from then on nothing takes it back, though its markers follow. Unless both are of one producer and epoch:
--   what one transaction does is done at once, and its records precede its markers. Of several effects, the one that
--   came first counts, which need not be the first in the log.
SELECT x.id, x.channel, i.key, x.topic, x.part, x.off, x.commit_off, x.committed_at, min(x.appeared_at) AS appeared_at
FROM (
    SELECT e.id, e.channel, e.topic, e.part, e.off, e.commit_off, e.commit_t AS committed_at, e.t_append AS appeared_at
    FROM doubtful_effect e
    WHERE NOT e.marked
    UNION ALL
    SELECT f.id, f.channel, f.topic, f.part, f.off, f.commit_off, f.commit_t, f.decided_t
    FROM (
        SELECT u.*, min(u.decided) OVER (
            PARTITION BY u.effect_topic, u.effect_part, u.pid ORDER BY u.place DESC ROWS UNBOUNDED PRECEDING
        ) AS decided_t
        FROM (
            SELECT e.id, e.channel, e.topic, e.part, e.off, e.commit_off, e.commit_t, t.topic AS effect_topic,
                   e.effect_part, e.pid, e.place, NULL AS decided
            FROM doubtful_effect e
            JOIN (SELECT channel, min(topic) AS topic FROM effect GROUP BY channel) t ON t.channel = e.channel
            WHERE e.marked
            UNION ALL
            SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, b.topic, b.part, b.pid, b.base_off,
                   CASE WHEN m.t_decided < b.t_append THEN m.t_decided ELSE b.t_append END
            FROM batch b
            LEFT JOIN decided_marker m ON m.topic = b.topic AND m.part = b.part AND m.off = b.base_off
            WHERE b.control = 'commit'
        ) u
    ) f
) x
CROSS JOIN promise p
JOIN input_once i ON i.id = x.id
JOIN expected d ON d.id = x.id AND d.grp = p.grp AND d.channel = x.channel AND d.at_least > 0
JOIN first_effect f ON f.id = x.id AND f.channel = x.channel
WHERE x.appeared_at > x.committed_at + p.clock_error_us
GROUP BY x.id, x.channel, i.key, x.topic, x.part, x.off, x.commit_off, x.committed_at, f.seen
HAVING count(*) = f.seen
ORDER BY x.topic, x.part, x.off, x.id, x.channel
