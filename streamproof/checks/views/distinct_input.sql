-- distinct_input: one row for each id that is live in the input log, however often it is there.
-- topic, part, off: the first of them, or, with `places` above 1, of several partitions, between which there is no order.
-- kept: several checks ask for it
SELECT id, min(key) AS key, min(topic) AS topic, min(part) AS part, min(off) AS off, min(t_append) AS t_append,
       CASE WHEN min(topic) = max(topic) AND min(part) = max(part) THEN 1 ELSE 2 END AS places
FROM live_input
GROUP BY id
