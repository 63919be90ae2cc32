-- A fault must have been over with inputs to be done, and nothing else broken for as long as is promised. Where nothing is
-- promised, there is nothing to judge.
WITH judged AS (
    SELECT count(DISTINCT (kind, target, t_to)) AS seen
    FROM recovery
    CROSS JOIN promise
    WHERE went_on <= t_known OR t_known > t_to + recovery_ms * 1000
)
SELECT CASE WHEN promise.recovery_ms IS NULL THEN 'x-recovery in the contract'
            ELSE 'faults that were over with inputs to be done' END AS evidence,
       seen,
       CASE WHEN promise.recovery_ms IS NULL THEN NULL
            WHEN seen > 0 THEN TRUE
            WHEN NOT EXISTS (SELECT 1 FROM fault_in_flight) THEN FALSE END AS enough,
       TRUE AS of_faults,
       'break something while inputs are on their way: {kill}' AS advice
FROM judged, promise
