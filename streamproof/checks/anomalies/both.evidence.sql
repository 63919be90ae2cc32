-- Only an input with a dead letter can have both. Without poison there need not be any.
WITH buried AS (
    SELECT count(*) AS seen FROM first_effect JOIN promise ON channel = dead_letters
)
SELECT 'inputs with a dead letter' AS evidence, seen, CASE WHEN poison > 0 THEN seen > 0 END AS enough,
       'use more events ({events})' AS advice
FROM buried, letter_due
