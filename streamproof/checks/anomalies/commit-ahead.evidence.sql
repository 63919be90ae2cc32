-- A commit tells nothing when it came after all was over: some must lie before a partition's last input. And the time at
-- which effects appeared must be known.
SELECT 'commits while inputs were in flight' AS evidence, count(*) AS seen, count(*) > 0 AS enough
FROM commit_time c
JOIN (SELECT topic, part, max(off) AS last_off FROM live_input GROUP BY topic, part) i
  ON i.topic = c.topic AND i.part = c.part AND c.off <= i.last_off
WHERE c.t IS NOT NULL
UNION ALL
SELECT 'effects whose time is known', count(*), count(*) > 0
FROM first_effect
WHERE t_append IS NOT NULL
ORDER BY evidence
