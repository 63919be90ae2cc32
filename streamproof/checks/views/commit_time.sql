-- commit_time: each group's visible commits that went further than all before them, each with the time at which it was
-- decided: its own, or that of the first commit marker of its producer after it. null: no such marker was recorded.
-- Two markers of one transaction differ by milliseconds; from the first on, nothing can take the commit back.
-- kept: several checks ask for it
WITH ordered AS (
    SELECT *, max(off) OVER (
        PARTITION BY grp, topic, part ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS furthest_before
    FROM group_commit
),
advancing AS (
    SELECT * FROM ordered WHERE furthest_before IS NULL OR off > furthest_before
),
marker AS (
    SELECT DISTINCT pid, t_append FROM batch WHERE control = 'commit'
)
SELECT advancing.grp, advancing.topic, advancing.part, advancing.off, advancing.pid, advancing.epoch, advancing.transactional,
       CASE WHEN advancing.transactional THEN marker.t_append ELSE advancing.t_append END AS t
FROM advancing
ASOF LEFT JOIN marker ON marker.pid = advancing.pid AND marker.t_append > advancing.t_append
