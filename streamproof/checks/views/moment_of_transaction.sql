-- moment_of_transaction: what became of the transaction of a story: begun, decided, ended; its marker at the witness' place;
-- when it aborted what the story is about, and who read that all the same.
WITH place AS (
    SELECT topic, part, off FROM story_input
    UNION
    SELECT topic, part, off FROM witness WHERE id IS NULL AND n IS NULL
),
span AS (
    SELECT txn_span.* FROM txn_span JOIN witness ON witness.tid = txn_span.tid AND witness.t_from = txn_span.t_from
),
aborted AS (
    SELECT place.*, ended.t_append, ended.pid
    FROM place
    JOIN marked_batch AS data
      ON data.topic = place.topic AND data.part = place.part AND place.off BETWEEN data.base_off AND data.last_off
    JOIN batch AS ended ON ended.topic = data.topic AND ended.part = data.part AND ended.base_off = data.marker
    WHERE data.control = 'abort'
)
SELECT 'begun' AS what, t_from AS t, NULL AS topic, NULL AS part, NULL AS off, NULL AS channel, NULL AS member, pid,
       partitions AS n, tid AS word
FROM span
UNION ALL
SELECT 'decided', t_decided, NULL, NULL, NULL, NULL, NULL, NULL, NULL, decided FROM span WHERE t_decided IS NOT NULL
UNION ALL
SELECT 'ended', t_to, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM span
UNION ALL
SELECT 'decided', marker.t_decided, NULL, NULL, NULL, NULL, NULL, NULL, NULL, marker.decided
FROM decided_marker AS marker JOIN place USING (topic, part, off)
UNION ALL
SELECT 'marker', marker.t_append, topic, part, off, NULL, NULL, marker.pid, NULL, marker.control
FROM decided_marker AS marker JOIN place USING (topic, part, off)
UNION ALL
SELECT 'aborted', t_append, topic, part, off, NULL, NULL, pid, NULL, NULL FROM aborted
UNION ALL
SELECT 'read', read.t, topic, part, off, NULL, NULL, NULL, NULL, read.reader
FROM read JOIN witness USING (reader, topic, part, off)
