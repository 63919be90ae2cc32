-- letter_due: how many inputs must have dead letters, in one row.
SELECT count(*) AS poison
FROM expected
JOIN promise ON channel = dead_letters
WHERE at_least > 0
