-- Who has lost a partition must have tried to commit in it, whatever came of that. A subject that notices it first never
-- tries, and without the proxy nobody sees it; but of partitions that never moved while they were in use nothing is shown.
SELECT 'commits that were tried by who had lost the partition' AS evidence, count(*) AS seen,
       CASE WHEN count(*) > 0 THEN TRUE
            WHEN EXISTS (SELECT 1 FROM generation) AND EXISTS (SELECT 1 FROM wire) AND NOT EXISTS (SELECT 1 FROM moved_in_use)
            THEN FALSE END AS enough,
       TRUE AS of_faults,
       'pause an instance while it works: {pause}' AS advice
FROM late_commit
