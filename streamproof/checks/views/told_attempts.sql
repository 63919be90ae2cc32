-- told_attempts: the dead letters that tell how often their input was tried.
WITH told AS (
    SELECT id, channel, topic, part, off, unnest(headers) AS header FROM letter
)
SELECT id, channel, topic, part, off, CAST(substr(header, length(attempts) + 2) AS BIGINT) AS attempts
FROM told
JOIN promise ON starts_with(header, concat(attempts, '='))
WHERE regexp_matches(substr(header, length(attempts) + 2), '^[0-9]{1,18}$')
