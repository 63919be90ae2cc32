-- first_effect: one row for each source and channel that has visible effects: how many (`seen`), when the first of them was
-- appended, where it is (effect_part, place: its offset, or its place within a file) and by which producer; beside the
-- live input that it came from, null where there is none. `parts`, `places` above 1: in several partitions, between
-- which there is no order, so that no place and no producer is the first.
-- kept: several checks ask for it
SELECT e.channel, e.id, e.seen, e.parts, e.t_append,
       CASE WHEN e.parts = 1 THEN e.effect_part END AS effect_part,
       CASE WHEN e.parts = 1 THEN e.place END AS place,
       CASE WHEN e.parts = 1 THEN e.pid END AS pid,
       CASE WHEN e.parts = 1 THEN e.epoch END AS epoch,
       i.key, i.topic, i.part, i.off, i.places
FROM (
    SELECT channel,
           source_id AS id,
           count(*) AS seen,
           min(coalesce(part, -1)) AS effect_part,
           CASE WHEN min(coalesce(part, -1)) = max(coalesce(part, -1)) THEN 1 ELSE 2 END AS parts,
           min(coalesce(off, ordinal)) AS place,
           min(t_append) AS t_append,
           min_by(pid, coalesce(off, ordinal)) AS pid,
           min_by(epoch, coalesce(off, ordinal)) AS epoch
    FROM effect
    WHERE visible AND source_id IS NOT NULL
    GROUP BY channel, source_id
) e
LEFT JOIN input_once i ON i.id = e.id
