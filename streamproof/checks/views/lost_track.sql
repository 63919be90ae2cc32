-- lost_track: the hops in which inputs cannot be followed, for not all records there name one: how many do, of how many.
SELECT topic, count(id) AS named, count(*) AS records
FROM hop_place
GROUP BY topic
HAVING count(id) < count(*)
