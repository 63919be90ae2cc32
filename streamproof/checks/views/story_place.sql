-- story_place: the partition that a story is about, and since when: the first place of the witness' input; for a commit that
-- went back (`n`), the commit before it.
WITH commit_before AS (
    SELECT done.topic, done.part, done.t_append
    FROM group_commit AS done
    JOIN witness ON witness.topic = done.topic AND witness.part = done.part AND done.n < witness.n
    ORDER BY done.n DESC
    LIMIT 1
),
first_place AS (
    SELECT topic, part, off, t_append FROM story_input ORDER BY t_append, topic, part, off LIMIT 1
)
SELECT topic, part, off, t_append FROM first_place
UNION ALL
SELECT topic, part, NULL, t_append FROM commit_before
