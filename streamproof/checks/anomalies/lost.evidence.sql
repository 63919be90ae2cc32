-- Absence of loss means something of effects that are due, on partitions whose commits moved, and where something was broken
-- while inputs were between their arrival and their commit.
WITH first_input AS (
    SELECT topic, part, min(off) AS off FROM live_input GROUP BY topic, part
),
moved AS (
    SELECT coalesce(final_commit.off > first_input.off, FALSE) AS past_first
    FROM first_input
    LEFT JOIN final_commit USING (topic, part)
)
SELECT 'partitions with input that the group committed past' AS evidence, count(*) FILTER (WHERE past_first) AS seen,
       count(*) > 0 AND count(*) FILTER (WHERE past_first) = count(*) AS enough, FALSE AS of_faults,
       count(*) AS needed,
       'use more events ({events}), or look at why the group commits nothing of the others' AS advice
FROM moved
UNION ALL
SELECT 'faults that took effect while inputs were in flight', count(*), count(*) > 0, TRUE, 1,
       'break something while inputs are on their way: {kill}'
FROM fault_in_flight
UNION ALL
SELECT 'needed effects', coalesce(sum(at_least), 0), coalesce(sum(at_least), 0) > 0, FALSE, 1,
       'feed in inputs that must have effects; what may have some and need not cannot be lost'
FROM expected
ORDER BY evidence
