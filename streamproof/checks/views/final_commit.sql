-- final_commit: the last visible commit of the subject's group in each partition, in the broker's order.
SELECT grp, topic, part, max_by(off, n) AS off
FROM group_commit
GROUP BY grp, topic, part
