-- Only an effect whose fields were read can hold something else. Where the contract says of no field what it must hold, there
-- is nothing to judge.
WITH told AS (
    SELECT count(*) AS inputs FROM expected WHERE len(echo) > CASE WHEN echo[1] LIKE 'key=%' THEN 1 ELSE 0 END
),
compared AS (
    SELECT count(*) AS seen FROM effect WHERE visible AND echo IS NOT NULL
)
SELECT 'effects whose fields were compared' AS evidence, seen, CASE WHEN inputs > 0 THEN seen > 0 END AS enough,
       'use more events ({events})' AS advice
FROM told, compared
