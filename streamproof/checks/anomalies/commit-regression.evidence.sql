-- A position goes back where its keeper changes: there must be commits of one partition on both sides of such a change.
-- Where there is no group, nobody has a position to go back to.
SELECT 'partitions committed before and after a change of owner' AS evidence, count(*) AS seen,
       CASE WHEN EXISTS (SELECT 1 FROM generation) THEN count(*) > 0 END AS enough,
       TRUE AS of_faults,
       'kill or pause an instance while it works: {pause}' AS advice
FROM moved_in_use
