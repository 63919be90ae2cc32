-- Only where something was aborted can a reader have been spared it: by the markers, or, as a broker may write none, by
-- what inputs say of themselves. What is hidden behind an open transaction is not aborted. Where nothing of this run is
-- transactional, neither upstream nor the subject, there is nothing to judge.
WITH aborted AS (
    SELECT coalesce(sum(last_off - base_off + 1) FILTER (WHERE topic IN (SELECT topic FROM input)), 0) AS inputs,
           coalesce(sum(last_off - base_off + 1) FILTER (WHERE topic IN (SELECT topic FROM effect)), 0) AS effects
    FROM marked_batch
    WHERE control = 'abort'
),
meant AS (
    SELECT count(*) AS inputs FROM input WHERE fate = 'abort'
),
transactional AS (
    SELECT count(*) AS batches
    FROM batch
    WHERE transactional AND (topic IN (SELECT topic FROM input) OR topic IN (SELECT topic FROM effect))
),
total AS (
    SELECT greatest(aborted.inputs, meant.inputs) + aborted.effects AS seen, transactional.batches
    FROM aborted, meant, transactional
)
SELECT 'records of aborted transactions' AS evidence, seen,
       CASE WHEN seen > 0 THEN TRUE WHEN batches > 0 THEN FALSE END AS enough, TRUE AS of_faults,
       'kill an instance inside its cycle: {kill}' AS advice
FROM total
