-- Without input there is nothing to be late with.
SELECT 'inputs in the log' AS evidence, count(*) AS seen, count(*) > 0 AS enough FROM live_input
