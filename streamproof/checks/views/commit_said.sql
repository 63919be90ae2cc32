-- commit_said: what the wire tells of the group's commits, asked for and answered. nth: how many there were of the kind by
-- then on their connection: the third answer is that to the third request.
SELECT wire.*, sum(times) OVER (PARTITION BY conn, api, side ORDER BY n ROWS UNBOUNDED PRECEDING) AS nth
FROM wire
WHERE api IN ('OffsetCommit', 'TxnOffsetCommit') AND grp = (SELECT grp FROM promise)
