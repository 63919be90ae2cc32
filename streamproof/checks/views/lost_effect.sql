-- lost_effect: the inputs that their group has committed past, and of which fewer effects, or dead letters, are visible on a channel than the
-- contract says, with how far it has committed.
-- uses: txn
-- kept: several checks ask for it
SELECT miscount.id, miscount.channel, distinct_input.key, distinct_input.topic, distinct_input.part, distinct_input.off,
       final_commit.off AS committed, miscount.at_least, miscount.seen
FROM miscount
JOIN distinct_input USING (id)
JOIN final_commit ON final_commit.topic = distinct_input.topic AND final_commit.part = distinct_input.part
ANTI JOIN late_input ON late_input.id = miscount.id
ANTI JOIN torn_effect ON torn_effect.id = miscount.id AND torn_effect.channel = miscount.channel
WHERE miscount.seen < miscount.at_least
  AND NOT EXISTS (SELECT 1 FROM late_input WHERE id IS NULL)  -- it may be this input's
