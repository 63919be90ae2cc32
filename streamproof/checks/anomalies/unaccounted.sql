-- unaccounted: the group has committed past a poison input, and fewer dead letters of it are there than the contract says: that
-- it could not be processed is told nowhere.
-- origin: ours; lost, of what is to be told and not to be done
-- witness: input {id} ({topic}[{part}]@{off}) is poison, and was committed past (the group is at {committed}): {channel} has
--   {seen} of its {at_least} dead letters
-- assumes: what is assumed of lost. An input is poison if the workload made it so.
-- between: before, after
-- causes: what cannot be read is logged, and passed by | what breaks the message's schema, a field missing or of another
--   type, is done all the same; check it, or feed the poison that you mean (`"fate": "poison"`, docs/input.md) | a
--   producer of dead letters is not waited for: `flush`, or look at its delivery reports, before the offset is committed
--   | the letter is larger than its topic takes (`max.message.bytes`), and the error is passed over | the dead letters
--   go to another topic than the contract names
-- uses: txn
SELECT lost_effect.*
FROM lost_effect
JOIN promise ON channel = dead_letters
ANTI JOIN archived_input USING (id)
ORDER BY topic, part, off, id, channel
