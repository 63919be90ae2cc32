-- inconsistent-offset: a place of a log was read while the run went on, and held the record of another input at the end.
-- origin: Jepsen's kafka checker: inconsistent offsets
-- witness: {reader} was given {read_id} at {topic}[{part}]@{off}, where {id} lay at the end | {reader} was given {read_id} at
--   {topic}[{part}]@{off}, where a record lay at the end that names no input | {reader} was given a record that names no input
--   at {topic}[{part}]@{off}, where {id} lay at the end
-- assumes: a record is told by the input that it names; two records that name the same, or none, are not told apart.
-- causes: a leader that was not in sync was elected, and wrote other records where some had been shown
--   (`unclean.leader.election.enable`) | a broker, or what stands for it in tests, that shows records before they are safe on
--   its peers
WITH given AS (
    SELECT reader, isolation, topic, part, bit_xor(hash(concat(off, ' ', id))) AS sum
    FROM read
    WHERE phase = 'during'
    GROUP BY reader, isolation, topic, part
),
doubtful AS (  -- of most partitions all was read, and the sums over offsets and ids are equal
    SELECT given.reader, given.topic, given.part
    FROM given
    JOIN log_sum USING (topic, part)
    WHERE given.sum <> CASE WHEN isolation = 'read_committed' THEN visible_sum ELSE log_sum.sum END
       OR visible_sum IS NULL
)
SELECT logged.id, topic, part, off, reader, read.id AS read_id, read.t
FROM read
SEMI JOIN doubtful USING (reader, topic, part)
JOIN logged USING (topic, part, off)
WHERE read.phase = 'during' AND read.id IS DISTINCT FROM logged.id
ORDER BY topic, part, off, reader, read.n
