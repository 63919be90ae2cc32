-- group_commit: the visible commits of the subject's own group, but for deletions, which come from expiry and from the
-- group's end, and take nothing back that was done.
SELECT offset_commit.*
FROM offset_commit
JOIN promise USING (grp)
WHERE offset_commit.visible AND offset_commit.off IS NOT NULL
