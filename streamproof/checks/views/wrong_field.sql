-- wrong_field: the fields of visible effects that do not hold what their input's contract says (`due`, a `field=value`), and
-- what they hold (`found`). The record's key is a field.
-- kept: two checks ask for it
WITH told AS (
    SELECT id, channel, echo FROM expected WHERE echo IS NOT NULL
),
differing AS (
    SELECT told.id, told.channel, effect.topic, effect.part, effect.off, effect.ordinal, told.echo AS due, effect.echo
    FROM effect
    JOIN told ON told.id = effect.source_id AND told.channel = effect.channel
    WHERE effect.visible AND effect.echo <> told.echo
),
compared AS (
    SELECT *, unnest(range(1, len(due) + 1)) AS n FROM differing
)
SELECT id, channel, topic, part, off, ordinal, due[n] AS due, coalesce(echo[n], 'no such field') AS found
FROM compared
WHERE due[n] IS NOT NULL AND due[n] IS DISTINCT FROM echo[n]
