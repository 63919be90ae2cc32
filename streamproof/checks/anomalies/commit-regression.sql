-- commit-regression: a visible commit lies below the last before it of the same group and partition, in the broker's order,
-- and is none that a client has only sent again to a new coordinator, and made good.
-- origin: none in Adya or Jepsen; a nonmonotonic write of the group's position
-- witness: the commit of {topic}[{part}] went back from {before} to {off} at {t_append:clock}
-- assumes: nobody resets the group's offsets while the run goes on. A commit after a deletion has none before it. Commits
--   in transactions that were aborted never took effect. A commit whose answer was lost with its coordinator is an unknown
--   outcome, which the client sends again: within 10 s of the first commit that the new coordinator took of the group,
--   a plain commit may go back if it is made by the member that made the one before, and had made others to an earlier
--   coordinator, which does nothing between the two again: what seeks back does. It commits as far as that again, unless
--   it loses the partition first, within 10 s: what the next owner then does again, *duplicated* tells.
-- between: committed, back
-- causes: asynchronous commits overtake each other: several of them run at a time, or they are tried again when the
--   coordinator is lost (`commitAsync`, `enable.auto.commit`), and the partition moves before that is made up for: it is done
--   again from there | workers commit the offset of what they have just done, whatever has been committed of the partition
--   before | who lost the partition commits what it had: a transaction's offsets without the consumer's group metadata, or a
--   commit in `on_lost` | the application seeks back and commits there
-- uses: owner, input, effect
WITH held AS (
    SELECT done.*, owner.t_from AS t_held, owner.t_to AS t_lost,
           CASE WHEN owner.t_to IS NULL OR done.t_append <= owner.t_to THEN owner.member END AS member
    FROM offset_commit AS done
    ASOF LEFT JOIN owner
        ON owner.grp = done.grp AND owner.topic = done.topic AND owner.part = done.part AND owner.t_from <= done.t_append
    WHERE visible
),
ordered AS (
    SELECT *, lag(off) OVER in_partition AS before,
           lag(member) OVER in_partition = member AND lag(t_held) OVER in_partition = t_held AS same_owner,
           max(off) OVER (
               PARTITION BY grp, topic, part, member, t_held ORDER BY n ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
           ) AS furthest_after,
           min(t_append) OVER (PARTITION BY grp, leader_epoch) AS t_leader,
           min(leader_epoch) OVER (PARTITION BY grp, member) AS first_leader
    FROM held
    WINDOW in_partition AS (PARTITION BY grp, topic, part ORDER BY n)
),
repeated AS (
    SELECT *, NOT transactional AND same_owner AND first_leader < leader_epoch AND t_append < t_leader + 10000000
              AND (furthest_after >= before OR t_lost < t_append + 10000000) AS is_repeated
    FROM ordered
    WHERE off < before
),
done_again AS (
    SELECT DISTINCT repeated.topic, repeated.part, repeated.n
    FROM repeated
    JOIN input USING (topic, part)
    JOIN effect ON effect.source_id = input.id AND effect.t_append > repeated.t_append
                   AND effect.t_append <= coalesce(t_lost, effect.t_append)
    WHERE is_repeated AND input.off >= repeated.off AND input.off < repeated.before
)
SELECT grp, topic, part, off, before, n, t_append, pid, epoch
FROM repeated
LEFT JOIN done_again USING (topic, part, n)
WHERE done_again.n IS NOT NULL OR NOT coalesce(is_repeated, FALSE)
ORDER BY topic, part, n
