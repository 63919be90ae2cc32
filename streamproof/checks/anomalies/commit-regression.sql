-- commit-regression: a visible commit lies below the last before it of the same group and partition, in the broker's order.
-- origin: none in Adya or Jepsen; a nonmonotonic write of the group's position
-- witness: the commit of {topic}[{part}] went back from {before} to {off} at {t_append:clock}
-- assumes: nobody resets the group's offsets while the run goes on. A commit after a deletion has none before it. Commits
--   in transactions that were aborted never took effect.
-- between: committed, back
-- causes: asynchronous commits overtake each other: `commitAsync`, or librdkafka's own with `enable.auto.commit`, tried again
--   after a later commit, as when the coordinator is lost; a partition that moves then is done again from there | workers commit
--   the offset of what they have just done, whatever has been committed of the partition before | who lost the
--   partition commits what it had: a transaction's offsets without the consumer's group metadata, or a commit in
--   `on_lost` | the application seeks back and commits there
WITH ordered AS (
    SELECT *, lag(off) OVER (PARTITION BY grp, topic, part ORDER BY n) AS before
    FROM offset_commit
    WHERE visible
)
SELECT grp, topic, part, off, before, n, t_append, pid, epoch
FROM ordered
WHERE off < before
ORDER BY topic, part, n
