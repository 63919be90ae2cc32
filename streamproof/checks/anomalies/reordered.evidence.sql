-- Order is only tested where one key has several inputs, and where their partition went to another owner between two of
-- them: a pipeline that is never disturbed keeps any order. A change between the first and the last effect of a key has
-- a pair across it.
SELECT 'adjacent pairs of inputs with one key' AS evidence,
       coalesce(sum(k.pairs), 0) AS seen, coalesce(sum(k.pairs), 0) >= 100 AS enough, FALSE AS of_faults
FROM key_run k
UNION ALL
SELECT 'pairs of inputs with one key across a change of owner', count(*), count(*) > 0, TRUE
FROM key_run k
JOIN tenure n ON n.topic = k.topic AND n.part = k.part AND k.t_from < n.t_to AND n.t_to < k.t_to
ORDER BY evidence
