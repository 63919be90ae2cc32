-- final_commit: the last visible commit of each group and partition in the broker's order; deletions are ignored,
-- since they come from expiry and from the group's end, and take nothing back that was done.
SELECT c.grp, c.topic, c.part, min_by(c.off, -c.n) AS off
FROM offset_commit c
WHERE c.visible AND c.off IS NOT NULL
GROUP BY c.grp, c.topic, c.part
