-- input_once: one row for each id that is live in the input log, however often it is there.
-- topic, part, off: the first of them, or, with `places` above 1, of several partitions, between which there is no order.
-- kept: several checks ask for it
SELECT i.id,
       min(i.key) AS key,
       min(i.topic) AS topic,
       min(i.part) AS part,
       min(i.off) AS off,
       min(i.t_append) AS t_append,
       CASE WHEN min(i.topic) = max(i.topic) AND min(i.part) = max(i.part) THEN 1 ELSE 2 END AS places
FROM live_input i
GROUP BY i.id
