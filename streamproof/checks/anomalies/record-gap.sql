-- record-gap: what a run's record cannot lack, or cannot hold, beside what else it holds. No such run is upheld: what a wrong
-- record does not show may have been there.
-- origin: ours; no checker is better than the history that it is given
-- witness: input {id} ({topic}[{part}]@{off}) {found} {channel} | {topic}[{part}]@{off} {found} | {topic}[{part}] {found}
-- assumes: each input has a row of `expected` for each channel of its group. An acknowledged send is in the log where its
--   broker said so; what the log has lost, no subject could read. No group commits beyond the end of a log. Who commits in
--   a group that was stable owned the partition, and who owns a partition of a group does so in a generation of it.
--   Of a hop, batches and records are read together.
-- causes: a table of the history was emptied, cut or changed after the run | the broker lost what it had acknowledged: look
--   at its replication and at `unclean.leader.election.enable`
-- uses: generation, owner, offset_commit, hop
WITH unstated AS (
    SELECT input.id, channel, input.topic, input.part, input.off, 'has no row of expected on' AS found
    FROM input
    CROSS JOIN (SELECT unnest(channels) AS channel FROM promise)
    ANTI JOIN expected USING (id, channel)
),
unlogged AS (
    SELECT sent.topic, sent.part, sent.off, 'was acknowledged to its sender, and is not in the input log' AS found
    FROM sent
    ANTI JOIN input USING (topic, part, off)
    WHERE sent.outcome = 'ok' AND sent.topic IN (SELECT unnest(inputs) FROM promise)
),
beyond AS (
    SELECT topic, part, group_commit.off, concat('was committed, and its log ends at ', ends.hw) AS found
    FROM group_commit
    JOIN ends USING (topic, part)
    WHERE group_commit.off > ends.hw
),
ownerless AS (
    SELECT DISTINCT topic, part, 'was committed by a stable group, and had no owner' AS found
    FROM group_commit
    ANTI JOIN owner USING (grp, topic, part)
    WHERE EXISTS (SELECT 1 FROM generation WHERE generation.grp = group_commit.grp AND state = 'Stable')
),
without_generation AS (
    SELECT DISTINCT topic, part, 'had an owner, and its group had no generation' AS found
    FROM owner
    WHERE topic NOT LIKE '<%' AND NOT EXISTS (SELECT 1 FROM generation WHERE generation.grp = owner.grp)
),
hopless AS (
    SELECT DISTINCT topic, part, 'has batches of a hop, and no record of it' AS found
    FROM batch
    ANTI JOIN hop USING (topic, part)
    WHERE control = 'none' AND topic IN (SELECT unnest(through) FROM promise)
)
SELECT id, channel, topic, part, off, found FROM unstated
UNION ALL SELECT NULL, NULL, topic, part, off, found FROM unlogged
UNION ALL SELECT NULL, NULL, topic, part, off, found FROM beyond
UNION ALL SELECT NULL, NULL, topic, part, NULL, found FROM ownerless
UNION ALL SELECT NULL, NULL, topic, part, NULL, found FROM without_generation
UNION ALL SELECT NULL, NULL, topic, part, NULL, found FROM hopless
ORDER BY found, topic, part, off, id, channel
