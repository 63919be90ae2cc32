-- Where nothing is promised, there is nothing to judge.
SELECT 'instances that were asked to stop' AS evidence, count(t_stop) AS seen,
       CASE WHEN (SELECT close_ms FROM promise) IS NOT NULL THEN count(t_stop) > 0 END AS enough,
       'record the run again: each run ends so' AS advice
FROM process
