-- at_work: of each live input, the faults that took effect while it was in flight: in the log before the fault ended, and,
-- in the broker's order, not committed past when it began, or for less than a second: who commits first is not done.
SELECT i.id, f.t_from AS t, f.evidence AS sentence
FROM input_once i
CROSS JOIN fault f
CROSS JOIN promise p
WHERE f.effective
  AND i.t_append <= coalesce(f.t_to, p.ended_at)
  AND NOT EXISTS (
      SELECT 1 FROM offset_commit c
      WHERE c.grp = p.grp AND c.topic = i.topic AND c.part = i.part AND c.visible AND c.off > i.off
        AND c.t_append < f.t_from - 1000000
  )
