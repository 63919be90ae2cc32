-- Two owners are told apart only where a partition went from one to the other while it was worked on.
SELECT 'partitions that moved while they were worked on' AS evidence, seen, enough, TRUE AS of_faults,
       'kill or pause an instance while it works: {pause}' AS advice
FROM moves_shown
