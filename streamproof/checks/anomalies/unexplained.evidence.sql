-- Only a dead letter whose headers were read can lack a header. Where the contract names none, or nothing is poison, there
-- is nothing to judge.
SELECT 'dead letters whose headers were read' AS evidence, (SELECT count(*) FROM letter) AS seen,
       CASE WHEN len(reasons) > 0 AND poison > 0 THEN (SELECT count(*) FROM letter) > 0 END AS enough,
       'use more events ({events})' AS advice
FROM letter_due, promise
