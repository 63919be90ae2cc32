-- txn_part: the partitions of each state of a transactional id, one a row. They are recorded as `topic-3` or `topic[3]`.
-- The only view that Spark needs in other words: explode() for unnest().
SELECT tid, pid, n, place, regexp_replace(place, '(-[0-9]+|[[][0-9]+[]])$', '') AS topic
FROM (SELECT t.tid, t.pid, t.n, unnest(t.partitions) AS place FROM txn t) one
