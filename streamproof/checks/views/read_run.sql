-- read_run: what each reader was given of a partition, in stretches whose offsets rise as the numbers of its reads do; `lead`:
-- by how much they are above them. That many reads are few stretches. Of the group's topics alone.
-- kept: several checks ask for it
SELECT reader, isolation, phase, topic, part, off - n AS lead, count(*) AS reads, min(n) AS first_n, max(n) AS last_n,
       min(off) AS first_off, max(off) AS last_off, min(t) AS t_from, max(t) AS t_to
FROM read
WHERE topic IN (SELECT DISTINCT topic FROM logged)
GROUP BY reader, isolation, phase, topic, part, off - n
