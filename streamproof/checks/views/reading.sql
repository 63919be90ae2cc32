-- reading: each reader, and each partition that it read: how many reads, from where to where, from when to when.
SELECT reader, isolation, phase, topic, part, CAST(sum(reads) AS BIGINT) AS reads, min(first_off) AS first_off,
       max(last_off) AS last_off, min(t_from) AS t_from, max(t_to) AS t_to
FROM read_run
GROUP BY reader, isolation, phase, topic, part
