-- Only where something was aborted can a reader have been spared it. Where nothing of this run is transactional, neither
-- upstream nor the subject, there is nothing to judge.
SELECT 'records of aborted transactions' AS evidence, sum(h.hidden) AS seen,
       CASE WHEN sum(h.hidden) > 0 THEN TRUE WHEN sum(h.transactional) > 0 THEN FALSE END AS enough
FROM (
    SELECT count(*) AS hidden, 0 AS transactional FROM input WHERE NOT visible OR fate = 'abort'
    UNION ALL
    SELECT count(*), 0 FROM effect WHERE NOT visible
    UNION ALL
    SELECT 0, count(*) FROM batch WHERE transactional
) h
