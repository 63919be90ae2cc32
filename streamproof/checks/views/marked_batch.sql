-- marked_batch: the data batches of transactions, each with what became of it: the next marker of its producer in its
-- partition (`marker`: its offset), whatever the epoch (a fence raises it). null: still open.
-- kept: several checks ask for it
SELECT b.topic, b.part, b.base_off, b.last_off, b.pid, b.epoch, b.marker, k.control
FROM (
    SELECT d.topic, d.part, d.base_off, d.last_off, d.pid, d.epoch, d.control,
           min(CASE WHEN d.control <> 'none' THEN d.base_off END) OVER (
               PARTITION BY d.topic, d.part, d.pid ORDER BY d.base_off
               ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
           ) AS marker
    FROM batch d
    WHERE d.transactional
) b
LEFT JOIN batch k ON k.topic = b.topic AND k.part = b.part AND k.base_off = b.marker
WHERE b.control = 'none'
