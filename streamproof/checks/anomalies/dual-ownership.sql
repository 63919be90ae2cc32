-- dual-ownership: two producers did one input while one owner had its partition: one that had written effects of the
-- partition before this owner came, and one that had not. Who had lost the partition went on with it.
-- origin: none in Adya or Jepsen; a lease that two hold at once
-- witness: input {id} ({topic}[{part}]@{off}) was done twice on {channel} while {member} owned {topic}[{part}], since
--   {t_from:clock}: by producer {pid}, which had it before, at {t:clock}, and by producer {other_pid}
-- assumes: an effect counts from when it was to be seen, so for a transaction when it was committed, not when it was begun.
--   Effects without a producer id are no one's; two epochs of one producer id are one. Who gets a partition back has had it
--   before, and is not told from who lost it. Such an input is duplicated too: duplicated counts effects, dual-ownership
--   says that two owners did them. Where effects and commits are not joined, as under at-least-once, nobody can fence who
--   wakes late, so there it is counted.
-- between: effect, effect
-- causes: a zombie is not fenced: the transaction's offsets are sent without the consumer's group metadata (kafkajs 2.2.4 and
--   aiokafka 0.14.0 leave out the generation), and each instance, or each start, has a `transactional.id` of its own |
--   `on_revoke` and `on_lost` leave work of the partition in the hands of threads, which go on with it
-- uses: txn
SELECT old.id, old.channel, old.topic, old.part, old.off, old.member, old.t_from, old.pid, min(old.t) AS t,
       min(new.pid) AS other_pid
FROM repeated_effect AS old
JOIN repeated_effect AS new
  ON new.id = old.id AND new.channel = old.channel AND new.topic = old.topic AND new.part = old.part
 AND new.t_from = old.t_from AND new.pid <> old.pid
WHERE old.is_old AND NOT new.is_old
GROUP BY old.id, old.channel, old.topic, old.part, old.off, old.member, old.t_from, old.pid
ORDER BY old.topic, old.part, old.off, old.id, old.channel
