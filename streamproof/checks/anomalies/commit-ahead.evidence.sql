-- A commit tells nothing when it came after all was over: some must lie before a partition's last input. And the time at
-- which effects appeared must be known.
WITH last_input AS (
    SELECT topic, part, max(off) AS off FROM place GROUP BY topic, part
)
SELECT 'commits while inputs were in flight' AS evidence, count(*) AS seen, count(*) > 0 AS enough,
       'use more events ({events}), or let the subject commit more often than at its end' AS advice, FALSE AS unseen
FROM commit_time
JOIN last_input ON last_input.topic = commit_time.topic AND last_input.part = commit_time.part
               AND commit_time.off <= last_input.off
WHERE commit_time.t IS NOT NULL
UNION ALL
SELECT 'effects whose time is known', count(*), count(*) > 0,
       'an effect in a topic has a time; that of a row in a database is known by the looks that it was not there at', FALSE
FROM first_effect
WHERE t_append IS NOT NULL
UNION ALL
SELECT concat('way to follow through ', topic, ', where ', named, ' of ', records, ' records name an input'), named, NULL,
       '', TRUE
FROM lost_track
ORDER BY evidence
