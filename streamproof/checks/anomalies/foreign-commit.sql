-- foreign-commit: a commit was accepted, and took effect, of a partition that its member had lost: the coordinator had given
-- it to another before.
-- origin: none in Adya or Jepsen; a write under a lock that has passed on, which a fencing token is there to refuse
-- witness: the commit of {topic}[{part}] to {off} at {t:clock} was accepted from {member}, though {owner} had it since
--   {t_from:clock} | the commit of {topic}[{part}] to {off} at {t:clock} was accepted from a client that named no member, of
--   a process that had lost it: {owner} had it since {t_from:clock}
-- assumes: whose commit it was is told by the wire. Where no member is named, it is that of its process, which must have been
--   one that had the partition before, and not the one that has it now. What a coordinator refuses, what is not answered,
--   and what is aborted afterwards is none. A member that commits while it lets a partition go comes before its next owner.
-- between: committed, back
-- causes: a transaction's offsets are sent without the consumer's group metadata, so that a zombie's are taken (kafkajs 2.2.4
--   and aiokafka 0.14.0 leave out the generation) | who has joined again commits what it held before
--   | the broker does not ask for the generation: look-alikes
-- uses: wire
WITH answered AS (
    SELECT late.grp, late.topic, late.part, late.member, late.owner, late.t_from, late.pid, late.epoch, late.t AS t_sent,
           min(answer.t_last) AS t_answer, min_by(answer.error IS NULL, answer.n) AS accepted
    FROM late_commit AS late
    JOIN commit_said AS answer
      ON answer.conn = late.conn AND answer.api = late.api AND answer.nth >= late.nth
    WHERE answer.side = 'response'
    GROUP BY late.grp, late.topic, late.part, late.member, late.owner, late.t_from, late.pid, late.epoch, late.t
)
SELECT DISTINCT answered.grp, answered.topic, answered.part, done.off, done.n, done.t_append AS t, answered.member, answered.owner,
       answered.t_from, done.pid
FROM answered
CROSS JOIN promise
JOIN offset_commit AS done
  ON done.grp = answered.grp AND done.topic = answered.topic AND done.part = answered.part
 AND done.pid = coalesce(answered.pid, -1) AND done.epoch = coalesce(answered.epoch, -1)
WHERE accepted AND done.visible AND done.off IS NOT NULL AND done.t_append > answered.t_from
  AND done.t_append BETWEEN answered.t_sent - 1000 - clock_error_us AND answered.t_answer + 1000 + clock_error_us
ORDER BY topic, part, n
