-- Order is only tested where one key has several inputs, and where work changed hands between two of them: a pipeline that
-- is never disturbed keeps any order. A break between the first and the last effect of a key has a pair across it.
SELECT 'adjacent pairs of inputs with one key' AS evidence,
       coalesce(sum(k.pairs), 0) AS seen, coalesce(sum(k.pairs), 0) >= 100 AS enough
FROM key_run k
UNION ALL
SELECT 'pairs of inputs with one key across a rebalance or a crash', count(*), count(*) > 0
FROM key_run k
JOIN break_point b ON k.t_from < b.t AND b.t < k.t_to
ORDER BY evidence
