-- unsteady_read: the readers that were given a partition in another order than that of its offsets, or some of it twice: two
-- of their stretches overlap, or a later one begins below the end of an earlier.
-- kept: several checks ask for it
WITH followed AS (
    SELECT reader, topic, part, first_n, first_off, max(last_n) OVER before_it AS n_before, max(last_off) OVER before_it AS off_before
    FROM read_run
    WINDOW before_it AS (
        PARTITION BY reader, topic, part ORDER BY first_n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
)
SELECT DISTINCT reader, topic, part
FROM followed
WHERE first_n <= n_before OR first_off <= off_before
