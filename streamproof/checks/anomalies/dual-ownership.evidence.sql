-- A partition must have gone to another owner while it was worked on. Where no effect tells its producer, as where all are
-- rows of a database or of producers without an id, who did it is not known; without a group nothing moves.
SELECT 'partitions that moved while they were worked on' AS evidence, count(*) AS seen,
       CASE WHEN EXISTS (SELECT 1 FROM generation) AND EXISTS (SELECT 1 FROM effect WHERE topic IS NOT NULL AND pid >= 0)
            THEN count(*) > 0 END AS enough,
       TRUE AS of_faults,
       'kill or pause an instance while it works: {pause}' AS advice
FROM moved_in_use
