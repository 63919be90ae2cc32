-- first_effect: one row for each source and channel that has visible effects: how many (`seen`), when the first of them was
-- appended, and where it is (effect_part, place: its offset, or its place within a file); by which producer and epoch, null
-- where they are several; beside the live input that it came from, null where there is none. `parts`, `places` above 1:
-- in several partitions, between which there is no order, so that no place is the first.
-- kept: several checks ask for it
WITH placed AS (
    SELECT channel, source_id AS id, t_append, pid, epoch, coalesce(part, -1) AS part, coalesce(off, ordinal) AS place
    FROM effect
    WHERE visible AND source_id IS NOT NULL
),
counted AS (
    SELECT channel, id, count(*) AS seen, min(t_append) AS t_append, min(part) AS part, max(part) AS last_part,
           min(place) AS place, min(pid) AS pid, max(pid) AS last_pid, min(epoch) AS epoch, max(epoch) AS last_epoch
    FROM placed
    GROUP BY channel, id
)
SELECT counted.channel, counted.id, counted.seen, counted.t_append,
       CASE WHEN counted.part = counted.last_part THEN 1 ELSE 2 END AS parts,
       CASE WHEN counted.part = counted.last_part THEN counted.part END AS effect_part,
       CASE WHEN counted.part = counted.last_part THEN counted.place END AS place,
       CASE WHEN counted.pid = counted.last_pid THEN counted.pid END AS pid,
       CASE WHEN counted.pid = counted.last_pid AND counted.epoch = counted.last_epoch THEN counted.epoch END AS epoch,
       distinct_input.key, distinct_input.topic, distinct_input.part, distinct_input.off, distinct_input.places
FROM counted
LEFT JOIN distinct_input USING (id)
