-- nonmonotonic-read: a reader that keeps its partitions was given a record at or before the offset that it was given last.
-- origin: Jepsen's kafka checker: nonmonotonic poll
-- witness: {reader} was given {topic}[{part}]@{off} after {before}, at {t:clock}
-- assumes: readers of the verifier alone are judged: they are assigned their partitions, and never seek. `n` is the order
--   in which a reader was given records.
-- causes: a broker that lost the end of its log, and gives out the same offsets again: a leader that was not in sync was
--   elected (`unclean.leader.election.enable`) | a broker, or what stands for it in tests, that answers a fetch from another
--   offset than was asked for
WITH stepped AS (
    SELECT reader, isolation, phase, topic, part, off, n, t,
           lag(off) OVER (PARTITION BY reader, topic, part ORDER BY n) AS before
    FROM read
    SEMI JOIN unsteady_read USING (reader, topic, part)
)
SELECT reader, topic, part, off, before, isolation, phase, t
FROM stepped
WHERE off <= before
ORDER BY topic, part, reader, off, t
