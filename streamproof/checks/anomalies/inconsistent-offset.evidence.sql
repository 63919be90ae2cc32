-- A place must have been read twice: while things broke, and at the end.
WITH twice AS (
    SELECT CAST(coalesce(sum(reads), 0) AS BIGINT) AS seen FROM reading WHERE phase = 'during'
)
SELECT 'records that were read while the run went on' AS evidence, seen,
       CASE WHEN (SELECT seen FROM read_across_fault) > 0 THEN TRUE
            WHEN NOT EXISTS (SELECT 1 FROM fault_in_flight) THEN FALSE END AS enough,
       TRUE AS of_faults,
       'break something while inputs are on their way: {kill}' AS advice
FROM twice
