-- hop_stay: from when to when an input lay in a hop: from when its record there was to be read (`t_from`; null where that
-- is not known) until a group that reads the hop committed past it (`committed_at`; null: never, or not known when), with
-- that commit. Of several groups, each has a row.
-- kept: it is asked for twice
WITH reader AS (
    SELECT DISTINCT grp, topic, part FROM group_commit
),
kept AS (
    SELECT hop_place.*, reader.grp
    FROM hop_place
    LEFT JOIN reader USING (topic, part)
    WHERE id IS NOT NULL
),
committed AS (
    SELECT kept.*, done.off AS commit_off, done.t AS committed_at, done.transactional, done.pid AS commit_pid,
           done.epoch AS commit_epoch
    FROM kept
    ASOF LEFT JOIN commit_time AS done
      ON done.grp = kept.grp AND done.topic = kept.topic AND done.part = kept.part AND done.off > kept.off
)
SELECT committed.*, CASE WHEN transactional.pid IS NULL THEN t_written ELSE made_visible.t END AS t_from
FROM committed
LEFT JOIN transactional_pid AS transactional ON transactional.pid = committed.pid
ASOF LEFT JOIN made_visible
  ON made_visible.topic = committed.topic AND made_visible.part = committed.part AND made_visible.pid = committed.pid
 AND made_visible.off > committed.off
