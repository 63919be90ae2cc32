-- final_commit: the last visible commit of the subject's group in each partition, in the broker's order. since: when it first
-- committed so far there.
WITH latest AS (
    SELECT grp, topic, part, max_by(off, n) AS off FROM group_commit GROUP BY grp, topic, part
)
SELECT grp, topic, part, off, min(group_commit.t_append) AS since
FROM latest
JOIN group_commit USING (grp, topic, part, off)
GROUP BY grp, topic, part, off
