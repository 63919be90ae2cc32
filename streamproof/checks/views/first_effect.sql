-- first_effect: the first visible effect of each committed input on each channel, beside the first commit beyond it.
-- later_marker: it became visible by a transaction that is not the commit's own, so its marker's time counts.
SELECT f.*, f.transactional AND NOT (f.pid = f.commit_pid AND f.epoch = f.commit_epoch) AS later_marker
FROM (
    SELECT t.id, t.channel, i.key, v.topic, v.part, v.off, v.commit_off, c.t AS commit_t,
           CASE WHEN c.transactional THEN c.pid ELSE -1 END AS commit_pid, c.epoch AS commit_epoch,
           h.topic AS effect_topic, t.part AS effect_part, t.place, t.t_append, t.pid, t.epoch,
           m.pid IS NOT NULL AS transactional
    FROM covered_input v
    JOIN input_once i ON i.id = v.id
    JOIN commit_time c ON c.topic = v.topic AND c.part = v.part AND c.off = v.commit_off
    JOIN tally t ON t.id = v.id AND t.seen > 0 AND t.t_append IS NOT NULL
    LEFT JOIN (SELECT channel, min(topic) AS topic FROM effect GROUP BY channel) h ON h.channel = t.channel
    LEFT JOIN (SELECT DISTINCT pid FROM batch WHERE control <> 'none') m ON m.pid = t.pid
) f
