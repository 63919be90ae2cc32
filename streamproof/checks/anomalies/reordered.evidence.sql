-- Order is only tested where one key has several inputs, and where their partition went to another owner between two of
-- them: a pipeline that is never disturbed keeps any order. A change between the first and the last effect of a key has
-- a pair across it.
WITH moved AS (
    SELECT topic, part, t_to, concat(topic, '[', part, ']') AS hop FROM tenure
),
across AS (
    SELECT 1
    FROM key_run
    JOIN moved ON moved.topic = key_run.topic AND moved.part = key_run.part
              AND key_run.t_from < moved.t_to AND moved.t_to < key_run.t_to
    UNION ALL
    SELECT 1
    FROM key_run
    JOIN (SELECT DISTINCT way, unnest(parts) AS hop FROM hop_way) AS passed USING (way)
    JOIN moved ON moved.hop = passed.hop AND key_run.t_from < moved.t_to AND moved.t_to < key_run.t_to
)
SELECT 'adjacent pairs of inputs with one key' AS evidence,
       coalesce(sum(pairs), 0) AS seen, coalesce(sum(pairs), 0) >= 100 AS enough, FALSE AS of_faults,
       100 AS needed, 'use more events ({events}), or do not promise order' AS advice, FALSE AS unseen
FROM key_run
UNION ALL
SELECT 'pairs of inputs with one key across a change of owner', count(*), count(*) > 0, TRUE, 1,
       'kill or pause an instance while it works: {pause}', FALSE
FROM across
UNION ALL
SELECT concat('way to follow through ', topic, ', where ', named, ' of ', records, ' records name an input'), named, NULL,
       FALSE, records, '', TRUE
FROM lost_track
ORDER BY evidence
