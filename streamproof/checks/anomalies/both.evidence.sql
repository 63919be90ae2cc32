-- Only an input with a dead letter can have both. Without poison there need not be any.
WITH poison AS (
    SELECT count(*) AS inputs FROM expected JOIN promise ON channel = dead_letters WHERE at_least > 0
),
letter AS (
    SELECT count(*) AS seen FROM first_effect JOIN promise ON channel = dead_letters
)
SELECT 'inputs with a dead letter' AS evidence, seen, CASE WHEN inputs > 0 THEN seen > 0 END AS enough,
       'use more events ({events})' AS advice
FROM letter, poison
