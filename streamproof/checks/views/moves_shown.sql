-- moves_shown: how many partitions went to another owner while they were worked on (`seen`), and whether that is
-- `enough` to tell who did what there; null where no effect tells its producer, as where all are rows of a database or of
-- producers without an id, and without a group, of which nothing moves.
SELECT count(*) AS seen,
       CASE WHEN EXISTS (SELECT 1 FROM generation) AND EXISTS (SELECT 1 FROM effect WHERE topic IS NOT NULL AND pid >= 0)
            THEN count(*) > 0 END AS enough
FROM moved_in_use
