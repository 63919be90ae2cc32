-- commit-ahead: the first commit beyond an input came before its first effect: a crash between the two would lose it.
-- One whose effects never appear is lost, not this; one that need not have any cannot be lost.
-- origin: none in Adya or Jepsen; Kafka's own "commit after processing"
-- assumes: effects and commits are timed by brokers whose clocks agree to `clock_error_us`; equal times are no witness. A
--   transactional commit counts from its transaction's first commit marker, and so does an effect, unless both are of one
--   producer and epoch: what one transaction does is done at once, and its records precede its markers.
SELECT x.id, x.channel, i.key, x.topic, x.part, x.off, x.commit_off, x.committed_at, x.appeared_at
FROM (
    SELECT e.id, e.channel, e.topic, e.part, e.off, e.commit_off, e.commit_t AS committed_at, e.t_append AS appeared_at
    FROM doubtful_effect e
    WHERE NOT e.marked
    UNION ALL
    SELECT f.id, f.channel, f.topic, f.part, f.off, f.commit_off, f.commit_t, f.marker_t
    FROM (
        SELECT u.*, min(u.marker) OVER (
            PARTITION BY u.effect_topic, u.effect_part, u.pid ORDER BY u.place DESC ROWS UNBOUNDED PRECEDING
        ) AS marker_t
        FROM (
            SELECT e.id, e.channel, e.topic, e.part, e.off, e.commit_off, e.commit_t, t.topic AS effect_topic,
                   e.effect_part, e.pid, e.place, NULL AS marker
            FROM doubtful_effect e
            JOIN (SELECT channel, min(topic) AS topic FROM effect GROUP BY channel) t ON t.channel = e.channel
            WHERE e.marked
            UNION ALL
            SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, b.topic, b.part, b.pid, b.base_off, b.t_append
            FROM batch b
            WHERE b.control = 'commit'
        ) u
    ) f
) x
CROSS JOIN promise p
JOIN input_once i ON i.id = x.id
JOIN expected d ON d.id = x.id AND d.grp = p.grp AND d.channel = x.channel AND d.at_least > 0
WHERE x.appeared_at > x.committed_at + p.clock_error_us
ORDER BY x.topic, x.part, x.off, x.id, x.channel
