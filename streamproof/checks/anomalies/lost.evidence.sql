-- Absence of loss means something on partitions whose commits moved, and where something was broken while inputs were
-- between their arrival and their commit.
SELECT 'partitions with input that the group committed past' AS evidence,
       coalesce(sum(CASE WHEN c.off > i.first_off THEN 1 ELSE 0 END), 0) AS seen,
       count(*) > 0 AND sum(CASE WHEN c.off > i.first_off THEN 1 ELSE 0 END) = count(*) AS enough,
       FALSE AS of_faults
FROM (SELECT topic, part, min(off) AS first_off FROM live_input GROUP BY topic, part) i
CROSS JOIN promise p
LEFT JOIN final_commit c ON c.grp = p.grp AND c.topic = i.topic AND c.part = i.part
UNION ALL
SELECT 'faults that took effect while inputs were in flight', count(*), count(*) > 0, TRUE
FROM fault_in_flight
ORDER BY evidence
