-- aborted_batch: the data batches that were aborted, once for each thousand offsets that they reach into, so that reads find
-- them by equality: a range join over all that was read would not scale.
SELECT a.topic, a.part, a.base_off, a.last_off, r.thousand
FROM (
    SELECT DISTINCT topic, part, off - off % 1000 AS thousand FROM read WHERE isolation = 'read_committed'
) r
JOIN marked_batch a ON a.topic = r.topic AND a.part = r.part AND a.control = 'abort'
                   AND a.base_off < r.thousand + 1000 AND a.last_off >= r.thousand
