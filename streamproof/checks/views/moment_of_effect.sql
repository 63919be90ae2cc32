-- moment_of_effect: the effects of the input of a story, shown or hidden, and, where it was overtaken, that of the input that
-- overtook it; of a witness that has no input: the record at its place.
WITH own AS (
    SELECT effect.*
    FROM effect
    JOIN witness
      ON effect.source_id = witness.id
      OR witness.id IS NULL AND witness.n IS NULL AND effect.topic = witness.topic AND effect.part = witness.part
     AND effect.off = witness.off
)
SELECT CASE WHEN own.visible THEN 'effect' ELSE 'hidden' END AS what, own.t_append AS t, own.topic, own.part, own.off,
       own.channel, NULL AS member, own.pid, NULL AS n,
       CASE WHEN own.visible THEN NULL WHEN batch.control = 'abort' THEN 'aborted' ELSE 'not shown' END AS word
FROM own
LEFT JOIN marked_batch AS batch
  ON batch.topic = own.topic AND batch.part = own.part AND batch.pid = own.pid
 AND own.off BETWEEN batch.base_off AND batch.last_off
UNION ALL
SELECT 'overtaken', effect.t_append, effect.topic, effect.part, effect.off, effect.channel, NULL, effect.pid, NULL, NULL
FROM first_effect AS effect
JOIN witness ON witness.overtaken_by = effect.off AND witness.channel = effect.channel AND witness.topic = effect.topic
            AND witness.part = effect.part
