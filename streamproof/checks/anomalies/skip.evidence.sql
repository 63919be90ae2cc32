-- A new owner can begin in the wrong place only where there is something to be done: input that the group has not committed
-- past. A partition that nobody worked on moves without anybody's harm; without a group nothing moves.
WITH backlog AS (
    SELECT count(DISTINCT (takeover.topic, takeover.part, takeover.t_from)) AS seen
    FROM takeover
    JOIN live_input AS place USING (topic, part)
    WHERE takeover.nth > 1 AND place.t_append <= takeover.t_from AND place.off >= coalesce(takeover.committed, 0)
)
SELECT 'partitions that went to another owner with inputs to be done' AS evidence, seen,
       CASE WHEN seen > 0 THEN TRUE
            WHEN EXISTS (SELECT 1 FROM generation) AND NOT EXISTS (SELECT 1 FROM moved_in_use) THEN FALSE END AS enough,
       TRUE AS of_faults,
       'kill or pause an instance while it works: {pause}' AS advice
FROM backlog
