-- txn_part: the partitions of each state of a transactional id, a row for each; recorded as `topic-3` or `topic[3]`.
WITH single AS (
    SELECT tid, pid, n, unnest(partitions) AS place FROM txn
)
SELECT tid, pid, n, place, regexp_replace(place, '(-[0-9]+|[[][0-9]+[]])$', '') AS topic
FROM single
