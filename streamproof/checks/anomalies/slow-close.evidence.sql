-- Where nothing is promised, there is nothing to judge.
SELECT CASE WHEN close_ms IS NULL THEN 'x-close in the contract' ELSE 'instances that were asked to stop' END AS evidence,
       count(t_stop) AS seen,
       CASE WHEN close_ms IS NOT NULL THEN count(t_stop) > 0 END AS enough,
       'record the run again: each run ends so' AS advice
FROM promise
LEFT JOIN process ON TRUE
GROUP BY close_ms
