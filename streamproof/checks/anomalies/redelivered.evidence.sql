-- A broker that stands still loses nothing. A group that is no share group acknowledges nothing.
WITH done AS (
    SELECT count(*) AS seen FROM acknowledgement
)
SELECT 'records that were acknowledged' AS evidence, seen, CASE WHEN protocol = 'share' THEN seen > 0 END AS enough,
       FALSE AS of_faults, 'use more events ({events})' AS advice
FROM done, promise
UNION ALL
SELECT 'faults that took effect while inputs were in flight', count(*),
       CASE WHEN (SELECT protocol FROM promise) = 'share' THEN count(*) > 0 END, TRUE,
       'break something while inputs are on their way: {kill}'
FROM fault_in_flight
ORDER BY evidence
