-- doubtful_effect: the effects that may have come after the first commit, in the broker's order, beyond their input.
-- marked: it became visible by a transaction that is not the commit's own, so its marker's time counts, not its own.
-- kept: one check asks for it twice
SELECT f.id, f.channel, f.topic, f.part, f.off, f.commit_off, f.effect_part, f.place, f.pid, f.t_append,
       c.t AS commit_t,
       m.pid IS NOT NULL AND NOT (c.transactional AND f.pid = c.pid AND f.epoch = c.epoch) AS marked
FROM (
    SELECT u.*, min(u.beyond) OVER (
        PARTITION BY u.topic, u.part ORDER BY u.off DESC, u.is_effect ROWS UNBOUNDED PRECEDING
    ) AS commit_off
    FROM (
        SELECT i.topic, i.part, i.off, 1 AS is_effect, NULL AS beyond, i.id, e.channel, e.part AS effect_part,
               e.off AS place, e.pid, e.epoch, e.t_append
        FROM effect e
        JOIN input_once i ON i.id = e.source_id
        WHERE e.visible AND i.places = 1 AND e.t_append IS NOT NULL
        UNION ALL
        SELECT c.topic, c.part, c.off - 1, 0, c.off, NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM commit_time c
    ) u
) f
JOIN commit_time c ON c.topic = f.topic AND c.part = f.part AND c.off = f.commit_off
LEFT JOIN (SELECT DISTINCT pid FROM batch WHERE control <> 'none') m ON m.pid = f.pid
CROSS JOIN promise p
WHERE f.is_effect = 1
  AND (f.t_append > c.t + p.clock_error_us
       OR m.pid IS NOT NULL AND NOT (c.transactional AND f.pid = c.pid AND f.epoch = c.epoch))
