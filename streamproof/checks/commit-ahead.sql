-- commit-ahead: the first commit beyond an input came before its first effect: a crash between the two would lose it.
-- One whose effects never appear is lost, not this.
-- origin: none in Adya or Jepsen; Kafka's own "commit after processing"
-- assumes: effects and commits are timed by brokers whose clocks agree to `clock_error_us`; equal times are no witness. A
--   transactional commit counts from its transaction's first commit marker, and so does an effect, unless both are of one
--   producer and epoch: what one transaction does is done at once, and its records precede its markers.
SELECT id, channel, key, topic, part, off, commit_off, committed_at, appeared_at
FROM (
    SELECT f.id, f.channel, f.key, f.topic, f.part, f.off, f.commit_off, f.commit_t AS committed_at,
           f.t_append AS appeared_at
    FROM first_effect f
    WHERE NOT f.later_marker
    UNION ALL
    SELECT f.id, f.channel, f.key, f.topic, f.part, f.off, f.commit_off, f.commit_t, f.marker_t
    FROM (
        SELECT u.*, min(u.marker) OVER (
            PARTITION BY u.effect_topic, u.effect_part, u.pid ORDER BY u.place DESC ROWS UNBOUNDED PRECEDING
        ) AS marker_t
        FROM (
            SELECT e.id, e.channel, e.key, e.topic, e.part, e.off, e.commit_off, e.commit_t,
                   e.effect_topic, e.effect_part, e.pid, e.place, NULL AS marker
            FROM first_effect e
            WHERE e.later_marker
            UNION ALL
            SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, b.topic, b.part, b.pid, b.base_off, b.t_append
            FROM batch b
            WHERE b.control = 'commit'
        ) u
    ) f
    WHERE f.id IS NOT NULL
) x
CROSS JOIN promise p
WHERE x.appeared_at > x.committed_at + p.clock_error_us
ORDER BY topic, part, off, id, channel
