-- Only an effect whose key was read can have another, and only one with a key can lie in a wrong partition. Where the contract
-- says nothing of keys, and names no partitioner, there is nothing to judge.
WITH told AS (
    SELECT count(*) AS inputs FROM expected WHERE echo[1] LIKE 'key=%'
),
compared AS (
    SELECT count(*) AS seen FROM effect WHERE visible AND (home IS NOT NULL OR echo[1] LIKE 'key=%')
)
SELECT 'effects whose key or partition was compared' AS evidence, seen,
       CASE WHEN inputs > 0 OR seen > 0 THEN seen > 0 END AS enough, 'use more events ({events})' AS advice
FROM told, compared
