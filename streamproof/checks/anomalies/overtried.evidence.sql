-- Only a dead letter that tells how often its input was tried can tell too much. Where the contract does not say how often
-- that may be, and which header tells it, or nothing is poison, there is nothing to judge.
SELECT 'dead letters that tell their attempts' AS evidence, (SELECT count(*) FROM told_attempts) AS seen,
       CASE WHEN attempts IS NOT NULL AND max_attempts IS NOT NULL AND poison > 0
            THEN (SELECT count(*) FROM told_attempts) > 0 END AS enough,
       'let each dead letter tell it, or leave max-attempts out of the contract' AS advice
FROM letter_due, promise
