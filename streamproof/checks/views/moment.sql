-- moment: the moments of a story: what happened to the input, or to the record, of one witness (the table `witness`).
SELECT * FROM moment_of_input
UNION ALL
SELECT * FROM moment_of_hop
UNION ALL
SELECT * FROM moment_of_commit
UNION ALL
SELECT * FROM moment_of_effect
UNION ALL
SELECT * FROM moment_of_transaction
