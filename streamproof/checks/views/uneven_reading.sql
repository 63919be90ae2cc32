-- uneven_reading: the readers of a partition that were given more or fewer records than it holds, for their isolation, or not
-- each once: most were given each once.
-- kept: it is small, and what is joined to it is not
SELECT reading.*
FROM reading
JOIN log_sum USING (topic, part)
LEFT JOIN unsteady_read USING (reader, topic, part)
WHERE reading.reads <> CASE WHEN isolation = 'read_committed' THEN visible_records ELSE records END
   OR unsteady_read.reader IS NOT NULL
