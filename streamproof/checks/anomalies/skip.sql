-- skip: a partition went to a new owner, who began beyond the position that the group had committed: of the inputs from there
-- to the first of which anyone wrote anything, which the new owner did, some are lost. The witness is the first of them. Who
-- has committed up to there before it wrote anything has read them, and passed them by: they are lost, and not skipped.
-- origin: none in Adya or Jepsen; a gap in what one owner after another reads of a partition
-- witness: {member} took over {topic}[{part}] at {t_from:clock}, where the group had committed {committed}, and began at
--   {began_at}: {skipped} inputs were skipped, {id} the first | {member} took over {topic}[{part}] at {t_from:clock}, of
--   which the group had committed nothing, and began at {began_at}: {skipped} inputs were skipped, {id} the first
-- assumes: what is skipped and never comes is lost too: lost names each input, skip the owner who began too far on. What a
--   new owner has read, and then passed by, looks the same unless it wrote something of it, shown or hidden. Where an
--   effect names no input, what was written of which input is not known.
-- between: before, after
-- causes: the consumer begins where its process had got to, or at the end of the log, and not at the committed offset: a
--   position kept over a rebalance, a `seek` in `on_assign`, `auto.offset.reset=latest` for a group without a commit | what
--   was handed out before the partition was taken away is kept, and counts as done when it comes back
-- uses: txn, hop
WITH missing AS (
    SELECT DISTINCT id, topic, part, off
    FROM lost_effect
    WHERE seen = 0 AND NOT EXISTS (SELECT 1 FROM hop WHERE hop.id = lost_effect.id)
),
written AS (
    SELECT place.topic, place.part, place.off, effect.visible, effect.t_append AS t
    FROM distinct_input AS place
    SEMI JOIN missing ON missing.topic = place.topic AND missing.part = place.part
    JOIN effect ON effect.source_id = place.id
    WHERE place.places = 1
),
touched AS (  -- what others have begun before, and taken back, is the new owner's to do
    SELECT takeover.topic, takeover.part, takeover.t_from, written.off,
           min(written.t) FILTER (WHERE written.t >= takeover.t_from) AS t
    FROM takeover
    JOIN written USING (topic, part)
    WHERE written.off >= coalesce(takeover.committed, 0) AND (written.visible OR written.t >= takeover.t_from)
    GROUP BY takeover.topic, takeover.part, takeover.t_from, written.off
),
beginning AS (
    SELECT topic, part, t_from, min(off) AS began_at, min_by(coalesce(t, 0), off) AS t
    FROM touched
    GROUP BY topic, part, t_from
)
SELECT min_by(missing.id, missing.off) AS id, topic, part, min(missing.off) AS off, takeover.member, t_from,
       takeover.committed, began_at, count(*) AS skipped
FROM beginning
JOIN takeover USING (topic, part, t_from)
JOIN missing USING (topic, part)
WHERE missing.off >= coalesce(takeover.committed, 0) AND missing.off < began_at
  AND beginning.t >= t_from AND (takeover.t_to IS NULL OR beginning.t <= takeover.t_to)
  AND NOT EXISTS (
      SELECT 1 FROM group_commit AS passed
      WHERE passed.topic = beginning.topic AND passed.part = beginning.part
        AND passed.t_append BETWEEN beginning.t_from AND beginning.t
        AND passed.off > coalesce(takeover.committed, 0) AND passed.off <= began_at
  )
  AND NOT EXISTS (SELECT 1 FROM effect WHERE source_id IS NULL)
  AND NOT EXISTS (SELECT 1 FROM first_effect ANTI JOIN input USING (id) WHERE first_effect.off IS NULL)
GROUP BY topic, part, takeover.member, t_from, takeover.committed, began_at
ORDER BY topic, part, t_from
