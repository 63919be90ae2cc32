-- Without input there is nothing to be late with.
SELECT 'inputs in the log' AS evidence, count(*) AS seen, count(*) > 0 AS enough,
       'use more events ({events})' AS advice
FROM live_input
