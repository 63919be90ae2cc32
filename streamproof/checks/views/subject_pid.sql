-- subject_pid: the producer ids of the subject: those that wrote its effects or into its hops, committed for its groups, or
-- had a partition of its effects' topics or its hops in a transaction. A cluster has other producers: the workload's, the
-- probe's.
SELECT pid FROM effect WHERE pid >= 0
UNION
SELECT pid FROM hop WHERE pid >= 0
UNION
SELECT pid FROM offset_commit WHERE pid >= 0
UNION
SELECT pid FROM txn_part WHERE topic IN (SELECT topic FROM effect UNION SELECT topic FROM hop)
