-- tally: one row for each source and channel: how many of its effects are visible, how many were written and are not.
-- written: when the first was, visible or not. place, part, t_append, pid, epoch: of the first visible one. `place` is the offset, or the place within a file.
-- `parts` above 1: in several partitions, between which there is no order.
-- kept: several checks ask for it
SELECT e.channel,
       e.source_id AS id,
       sum(CASE WHEN e.visible THEN 1 ELSE 0 END) AS seen,
       sum(CASE WHEN e.visible THEN 0 ELSE 1 END) AS hidden,
       min(CASE WHEN e.visible THEN coalesce(e.off, e.ordinal) END) AS place,
       min(CASE WHEN e.visible THEN coalesce(e.part, -1) END) AS part,
       CASE WHEN min(CASE WHEN e.visible THEN coalesce(e.part, -1) END)
               = max(CASE WHEN e.visible THEN coalesce(e.part, -1) END) THEN 1 ELSE 2 END AS parts,
       min(CASE WHEN e.visible THEN e.t_append END) AS t_append,
       min(e.t_append) AS written,
       min_by(e.pid, CASE WHEN e.visible THEN coalesce(e.off, e.ordinal) END) AS pid,
       min_by(e.epoch, CASE WHEN e.visible THEN coalesce(e.off, e.ordinal) END) AS epoch
FROM effect e
WHERE e.source_id IS NOT NULL
GROUP BY e.channel, e.source_id
