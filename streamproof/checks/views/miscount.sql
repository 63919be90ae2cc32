-- miscount: the sources that have fewer or more visible effects on a channel than the contract says.
-- A row is too few or too many: one with `seen` 0 has `at_least` above 0.
-- kept: several checks ask for it
SELECT expected.id, expected.channel, expected.at_least, expected.at_most, coalesce(first_effect.seen, 0) AS seen
FROM expected
LEFT JOIN first_effect ON first_effect.id = expected.id AND first_effect.channel = expected.channel
WHERE coalesce(first_effect.seen, 0) < expected.at_least OR first_effect.seen > expected.at_most
