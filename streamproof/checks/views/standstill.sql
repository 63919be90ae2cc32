-- standstill: the longest time of over 30 s in which the group committed nothing, though an input was there to be done; what
-- the commit that ended it went past was in the log when it began. Restarts and sessions that run out take less.
WITH followed AS (
    SELECT topic, part, off, t_append,
           lag(t_append) OVER (ORDER BY t_append, n) AS t_from,
           max(off) OVER (PARTITION BY topic, part ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS done
    FROM group_commit
)
SELECT t_from, t_append AS t_to
FROM followed
WHERE t_append - t_from > 30000000
  AND EXISTS (
      SELECT 1
      FROM place
      WHERE place.topic = followed.topic AND place.part = followed.part AND place.off < followed.off
        AND place.off >= coalesce(followed.done, 0) AND place.t_append <= followed.t_from
  )
ORDER BY t_to - t_from DESC
LIMIT 1
