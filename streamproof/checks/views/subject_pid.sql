-- subject_pid: the producer ids of the subject: those that wrote its effects, committed for its group, or had a
-- partition of its effects' topics in a transaction. A cluster has other producers: the workload's, the probe's.
SELECT e.pid FROM effect e WHERE e.pid >= 0
UNION
SELECT c.pid FROM offset_commit c JOIN promise p ON p.grp = c.grp WHERE c.pid >= 0
UNION
SELECT w.pid FROM txn_part w JOIN (SELECT DISTINCT topic FROM effect) o ON o.topic = w.topic
