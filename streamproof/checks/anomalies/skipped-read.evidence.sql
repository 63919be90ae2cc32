-- A broker that stands still serves each read in order; only one that was broken meanwhile could have done otherwise.
SELECT 'partitions that were read from before a fault until after it' AS evidence, seen,
       CASE WHEN seen > 0 THEN TRUE WHEN NOT EXISTS (SELECT 1 FROM fault_in_flight) THEN FALSE END AS enough,
       TRUE AS of_faults,
       'break something while inputs are on their way: {kill}' AS advice
FROM read_across_fault
