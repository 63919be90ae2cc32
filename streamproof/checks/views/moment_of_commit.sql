-- moment_of_commit: the first commit past the input of a story, and the first after it that went back to it or before it; or
-- the commit that is the witness itself, and the commit before it. Of a share group what became of the record itself.
WITH past AS (
    SELECT place.topic, place.part, done.off, done.t, done.pid
    FROM story_place AS place
    ASOF JOIN commit_time AS done ON done.topic = place.topic AND done.part = place.part AND done.off > place.off
),
became AS (
    SELECT record_state.* FROM record_state JOIN story_place USING (topic, part, off)
),
numbered AS (
    SELECT done.*, place.off AS own, min(CASE WHEN done.off > place.off THEN done.n END) OVER () AS first_past
    FROM group_commit AS done
    JOIN story_place AS place ON place.topic = done.topic AND place.part = done.part
),
back AS (
    SELECT * FROM numbered WHERE n > first_past AND off <= own ORDER BY n LIMIT 1
),
own_pair AS (
    SELECT done.*, row_number() OVER (ORDER BY done.n DESC) AS nth, witness.n AS own_n,
           lag(done.off) OVER (ORDER BY done.n) AS before
    FROM group_commit AS done
    JOIN witness ON witness.topic = done.topic AND witness.part = done.part AND done.n <= witness.n
)
SELECT 'committed' AS what, t, topic, part, off, NULL AS channel, NULL AS member, pid, NULL AS n, NULL AS word
FROM past
WHERE t IS NOT NULL AND NOT EXISTS (SELECT 1 FROM became)
UNION ALL
SELECT CASE state WHEN 'acknowledged' THEN 'committed' ELSE 'became' END, t_append, topic, part, NULL, NULL, NULL, NULL,
       off, concat(CASE state WHEN 'available' THEN 'let go' ELSE state END, ', delivery ', deliveries)
FROM became
UNION ALL
SELECT 'back', t_append, topic, part, off, NULL, NULL, pid, NULL, 'back' FROM back
UNION ALL
SELECT CASE WHEN n = own_n THEN 'back' ELSE 'committed' END, t_append, topic, part, off, NULL, NULL, pid, NULL,
       CASE WHEN off < before THEN 'back' ELSE 'on' END
FROM own_pair
WHERE nth <= 2
