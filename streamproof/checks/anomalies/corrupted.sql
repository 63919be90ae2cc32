-- corrupted: a visible effect of an input holds, in a field of which the contract says what it must hold, something else, or
-- does not have that field. An effect under a wrong key is misrouted, not this.
-- origin: ours; what was read is not what was written, carried from a log to a pipeline's effects
-- witness: the effect of {id} at {topic}[{part}]@{off} ({channel}) holds {found}, where {due} should be | the effect of
--   {id} on {channel} holds {found}, where {due} should be
-- assumes: each field is compared as text: a number by its value, as far as single precision knows it where it was written
--   so; true as 1; all else as it is written, so that a time is another text in another form. An effect is judged by the
--   input that it names, so that values which were exchanged between two effects are wrong in both. What an input does not
--   have, its effects may or may not have. A function of the contract's says the same of an input whenever it is asked.
-- between: sent, effect
-- causes: results of several records are put together by their place in a list, and one of them is missing, or comes in
--   another order, as from threads | an object that is used again for the next record is changed before it is sent | a
--   field is renamed, or gets its default, in another version of the schema | a number is cut or rounded, as in another
--   type, or in JavaScript beyond 2^53 | a record is built anew, and the headers of its input are left behind
SELECT id, channel, topic, part, off, ordinal, due, found
FROM wrong_field
WHERE due NOT LIKE 'key=%'
ORDER BY channel, topic, part, off, ordinal, id, due
