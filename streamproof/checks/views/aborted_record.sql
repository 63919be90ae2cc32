-- aborted_record: the places of the records that were aborted, a row for each, so that reads find them by equality: a
-- range join over all that was read would not scale.
SELECT topic, part, unnest(range(base_off, last_off + 1)) AS off
FROM marked_batch
WHERE control = 'abort'
