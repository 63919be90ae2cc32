-- altered: a visible dead letter does not have its input's key, value or headers as they came, though the contract says that
-- it keeps them: what was sent cannot be looked at, mended and sent again.
-- origin: ours; corrupted, of dead letters
-- witness: the dead letter of {id} at {topic}[{part}]@{off} does not have the {found} of its input
-- assumes: an id that is several times in the input log may have a letter of any of them. Headers may be added, and stand in
--   another order. Values are compared by a hash of their bytes.
-- between: sent, effect
-- causes: the record is decoded, and the letter is written from what came of that | a letter is an envelope of its own,
--   with the record in it: then the contract must not say that it is kept | a header is left out, or the key | bytes are
--   read as text, and written again
WITH missing AS (
    SELECT letter.topic, letter.part, letter.off, input.topic AS in_topic, input.part AS in_part, input.off AS in_off,
           unnest(input.headers) AS header
    FROM letter
    JOIN input ON input.id = letter.id AND input.visible
    EXCEPT
    SELECT letter.topic, letter.part, letter.off, input.topic, input.part, input.off, unnest(letter.headers)
    FROM letter
    JOIN input ON input.id = letter.id AND input.visible
),
bare AS (
    SELECT DISTINCT topic, part, off, in_topic, in_part, in_off FROM missing
),
compared AS (
    SELECT letter.id, letter.channel, letter.topic, letter.part, letter.off, concat_ws(' and the ',
               CASE WHEN array_contains(keeps, 'key') AND letter.key IS DISTINCT FROM input.key THEN 'key' END,
               CASE WHEN array_contains(keeps, 'value') AND letter.value_hash IS DISTINCT FROM input.value_hash
                    THEN 'value' END,
               CASE WHEN array_contains(keeps, 'headers') AND bare.off IS NOT NULL THEN 'headers' END) AS found
    FROM letter
    JOIN input ON input.id = letter.id AND input.visible
    LEFT JOIN bare ON bare.topic = letter.topic AND bare.part = letter.part AND bare.off = letter.off
                  AND bare.in_topic = input.topic AND bare.in_part = input.part AND bare.in_off = input.off
    CROSS JOIN promise
)
SELECT id, channel, topic, part, off, min(found) AS found
FROM compared
GROUP BY id, channel, topic, part, off
HAVING min(found) <> ''
ORDER BY topic, part, off
