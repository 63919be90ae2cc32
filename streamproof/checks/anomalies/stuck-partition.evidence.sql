-- What is never disturbed is seldom stuck.
SELECT 'faults that took effect while inputs were in flight' AS evidence, count(*) AS seen, count(*) > 0 AS enough,
       TRUE AS of_faults, 'break something while inputs are on their way: {kill}' AS advice
FROM fault_in_flight
