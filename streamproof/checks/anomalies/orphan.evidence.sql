-- A partition can be forgotten only where it was taken from its owner; without a group nobody is given any.
SELECT 'partitions that went to another owner' AS evidence, count(*) AS seen,
       CASE WHEN EXISTS (SELECT 1 FROM generation WHERE rebalance_ms IS NOT NULL) THEN count(*) > 0 END AS enough,
       TRUE AS of_faults,
       'kill or pause an instance while it works: {pause}' AS advice
FROM takeover
WHERE nth > 1
