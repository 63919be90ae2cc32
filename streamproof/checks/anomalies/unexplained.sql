-- unexplained: a visible dead letter lacks a header that the contract says it has, or has it empty: nobody can tell why it is
-- there, or where it came from.
-- origin: ours; a failure without its error
-- witness: the dead letter of {id} at {topic}[{part}]@{off} does not tell its {reason}
-- assumes: what a header says is not judged, only that it says something.
-- between: sent, effect
-- causes: the letter is written by other code than that which knows the error | the error has no message | headers are
--   replaced where they should be added to
WITH due AS (
    SELECT letter.*, unnest(reasons) AS reason FROM letter CROSS JOIN promise
),
told AS (
    SELECT topic, part, off, unnest(headers) AS header FROM letter
)
SELECT due.id, due.channel, due.topic, due.part, due.off, due.reason
FROM due
WHERE NOT EXISTS (
    SELECT 1
    FROM told
    WHERE told.topic = due.topic AND told.part = due.part AND told.off = due.off
      AND starts_with(told.header, concat(due.reason, '=')) AND length(told.header) > length(due.reason) + 1
)
ORDER BY due.topic, due.part, due.off, due.reason
