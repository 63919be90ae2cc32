-- What each run records, whatever its subject does: processes, and a send for each input. Each record of a topic lies in a
-- batch, before the end of its log, and what is visible was read back under read_committed.
WITH logged AS (
    SELECT topic, part, off, visible FROM input WHERE topic NOT LIKE '<%'
    UNION ALL
    SELECT topic, part, off, visible FROM effect WHERE topic IS NOT NULL
),
place AS (
    SELECT topic, part, max(off) AS off, count(*) AS records, count(*) FILTER (WHERE visible) AS visible
    FROM logged
    GROUP BY topic, part
),
held AS (
    SELECT topic, part, sum(last_off - base_off + 1) AS records FROM batch WHERE control = 'none' GROUP BY topic, part
),
reread AS (
    SELECT topic, part, count(*) AS records
    FROM read
    WHERE isolation = 'read_committed' AND phase = 'final'
    GROUP BY topic, part
),
borne_out AS (
    SELECT count(*) AS needed,
           count(*) FILTER (WHERE ends.hw > place.off) AS ended,
           count(*) FILTER (WHERE held.records >= place.records) AS held,
           count(*) FILTER (WHERE coalesce(reread.records, 0) >= place.visible) AS reread
    FROM place
    LEFT JOIN ends USING (topic, part)
    LEFT JOIN held USING (topic, part)
    LEFT JOIN reread USING (topic, part)
),
sending AS (  -- a group whose input is what another group has made is sent none of its own
    SELECT count(*) AS total,
           count(*) FILTER (
               WHERE array_contains(inputs, sent.topic)
                  OR array_contains(inputs, '<stdin>') OR array_contains(inputs, '<http>')
           ) AS own
    FROM sent
    CROSS JOIN promise
),
shown AS (
    SELECT 'partitions whose end is known' AS evidence, ended AS seen, needed FROM borne_out
    UNION ALL SELECT 'partitions whose records lie in batches', held, needed FROM borne_out
    UNION ALL SELECT 'partitions that were read back to their end', reread, needed FROM borne_out
    UNION ALL
    SELECT 'sends of inputs', own, CASE WHEN own = 0 AND total > 0 THEN 0 ELSE (SELECT count(*) FROM input) END
    FROM sending
    UNION ALL SELECT 'processes of the subject', count(*), 1 FROM process
)
SELECT evidence, seen, seen >= needed AS enough, needed, 'record the run again' AS advice
FROM shown
ORDER BY evidence
