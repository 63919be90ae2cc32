-- Only poison that the group has committed past can lack its letter. Without poison there is nothing to judge.
WITH poison AS (
    SELECT distinct_input.*
    FROM expected
    JOIN promise ON channel = dead_letters
    JOIN distinct_input USING (id)
    WHERE at_least > 0
),
passed AS (
    SELECT count(*) AS seen FROM poison JOIN final_commit USING (topic, part) WHERE final_commit.off > poison.off
)
SELECT 'poison inputs that the group committed past' AS evidence, seen,
       CASE WHEN EXISTS (SELECT 1 FROM poison) THEN seen > 0 END AS enough, 'use more events ({events})' AS advice
FROM passed
