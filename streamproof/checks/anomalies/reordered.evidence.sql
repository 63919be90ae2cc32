-- Order is only tested where one key has several inputs, and where their partition went to another owner between two of
-- them: a pipeline that is never disturbed keeps any order. A change between the first and the last effect of a key has
-- a pair across it.
SELECT 'adjacent pairs of inputs with one key' AS evidence,
       coalesce(sum(pairs), 0) AS seen, coalesce(sum(pairs), 0) >= 100 AS enough, FALSE AS of_faults,
       100 AS needed, 'use more events (--events), or do not promise order' AS advice
FROM key_run
UNION ALL
SELECT 'pairs of inputs with one key across a change of owner', count(*), count(*) > 0, TRUE, 1,
       'kill or pause an instance while it works: --faults default, or pause-beyond-session@instance:1'
FROM key_run
JOIN tenure ON tenure.topic = key_run.topic AND tenure.part = key_run.part
           AND key_run.t_from < tenure.t_to AND tenure.t_to < key_run.t_to
ORDER BY evidence
