-- acknowledgement: when each record that a share group has acknowledged first was so.
SELECT topic, part, off, min(t_append) AS t
FROM record_state
WHERE state = 'acknowledged'
GROUP BY topic, part, off
