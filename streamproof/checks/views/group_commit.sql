-- group_commit: the visible commits of the subject's own group, and of hops those of all its groups, but for deletions, which come from expiry and from the
-- group's end, and take nothing back that was done.
SELECT *
FROM offset_commit
WHERE visible AND off IS NOT NULL
