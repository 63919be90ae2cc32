-- commit-regression: a visible commit lies below the one before it, of the same group and partition, in the broker's order.
-- origin: none in Adya or Jepsen; a nonmonotonic write of the group's position
-- witness: the commit of {topic}[{part}] went back from {before} to {off} at {t_append:clock}
-- assumes: nobody resets the group's offsets while the run goes on. A commit after a deletion has none before it. Commits
--   in transactions that were aborted never took effect.
SELECT grp, topic, part, off, before, n, t_append, pid, epoch
FROM (
    SELECT c.*, lag(c.off) OVER (PARTITION BY c.topic, c.part ORDER BY c.n) AS before
    FROM offset_commit c
    JOIN promise p ON p.grp = c.grp
    WHERE c.visible
) o
WHERE off < before
ORDER BY topic, part, n
