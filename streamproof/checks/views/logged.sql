-- logged: the records of the group's topics as they were read back: those of its input and of its effects. id: null where
-- none was found in the record.
SELECT topic, part, off, nullif(id, concat(topic, '[', part, ']@', off)) AS id, visible FROM input
UNION ALL
SELECT topic, part, off, source_id, visible FROM effect WHERE topic IS NOT NULL
