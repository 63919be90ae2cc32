-- Only a dead letter that was read can be compared. Where the contract says of no part that it is kept, or nothing is poison,
-- there is nothing to judge.
SELECT 'dead letters that were compared' AS evidence, (SELECT count(*) FROM letter) AS seen,
       CASE WHEN len(keeps) > 0 AND poison > 0 THEN (SELECT count(*) FROM letter) > 0 END AS enough,
       'use more events ({events})' AS advice
FROM letter_due, promise
