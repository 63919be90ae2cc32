-- story_place: the partition that a story is about, and since when: the first place of the witness' input, or the place in a hop that
-- the witness names; for a commit that went back (`n`), the commit before it.
WITH commit_before AS (
    SELECT done.topic, done.part, done.t_append
    FROM group_commit AS done
    JOIN witness ON witness.topic = done.topic AND witness.part = done.part AND done.n < witness.n
    ORDER BY done.n DESC
    LIMIT 1
),
first_place AS (
    SELECT topic, part, off, t_append FROM story_input ORDER BY t_append, topic, part, off LIMIT 1
),
in_hop AS (
    SELECT topic, part, off, t_append FROM hop_place JOIN witness USING (topic, part, off)
)
SELECT topic, part, off, t_append FROM in_hop
UNION ALL
SELECT topic, part, off, t_append FROM first_place WHERE NOT EXISTS (SELECT 1 FROM in_hop)
UNION ALL
SELECT topic, part, NULL, t_append FROM commit_before
