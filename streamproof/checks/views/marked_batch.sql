-- marked_batch: the data batches of transactions, each with what became of it: the next marker of its producer in its
-- partition (`marker`: its offset), whatever the epoch (a fence raises it). null: still open.
-- kept: several checks ask for it
WITH marker AS (
    SELECT topic, part, pid, base_off, control FROM batch WHERE transactional AND control <> 'none'
),
data AS (
    SELECT * FROM batch WHERE transactional AND control = 'none'
)
SELECT data.topic, data.part, data.base_off, data.last_off, data.pid, data.epoch,
       marker.base_off AS marker, marker.control
FROM data
ASOF LEFT JOIN marker ON marker.topic = data.topic AND marker.part = data.part AND marker.pid = data.pid
                     AND marker.base_off >= data.base_off
