-- unowned: from when to when a partition that had an owner had none, and nothing was broken; each with the member that had
-- another partition of the topic then (`other`), so that the group was at work, and from when to when it had that.
WITH followed AS (
    SELECT *, lead(t_from) OVER (PARTITION BY grp, topic, part ORDER BY t_from) AS t_next FROM tenure
),
fault_end AS (  -- a fault that nobody ends has done what it does when it has taken effect
    SELECT coalesce(t_to, t_effect, t_from) AS t FROM fault
),
gap AS (
    SELECT followed.grp, followed.topic, followed.part, followed.member, followed.t_to AS t_lost,
           coalesce(followed.t_next, promise.ended_at) AS t_end
    FROM followed
    CROSS JOIN promise
    WHERE followed.t_to < coalesce(followed.t_next, promise.ended_at)
      AND NOT EXISTS (
          SELECT 1 FROM owner
          WHERE owner.member = followed.member AND owner.topic = followed.topic AND owner.instance IS NOT NULL
      )
),
calm AS (
    SELECT gap.grp, gap.topic, gap.part, gap.member, gap.t_lost, gap.t_end, max(fault_end.t) AS t_mended
    FROM gap
    LEFT JOIN fault_end ON fault_end.t BETWEEN gap.t_lost AND gap.t_end
    GROUP BY gap.grp, gap.topic, gap.part, gap.member, gap.t_lost, gap.t_end
)
SELECT calm.grp, calm.topic, calm.part, calm.member, calm.t_lost, calm.t_end, other.member AS other,
       greatest(calm.t_lost, coalesce(calm.t_mended, calm.t_lost), other.t_from) AS t_from,
       least(calm.t_end, coalesce(other.t_to, calm.t_end)) AS t_to
FROM calm
JOIN tenure AS other ON other.grp = calm.grp AND other.topic = calm.topic AND other.part <> calm.part
WHERE other.t_from < calm.t_end AND (other.t_to IS NULL OR other.t_to > calm.t_lost)
