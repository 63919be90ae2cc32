-- Only where something was aborted can a reader have been spared it: by the markers, or, as a broker may write none, by
-- what inputs say of themselves. What is hidden behind an open transaction is not aborted. Where nothing of this run is
-- transactional, neither upstream nor the subject, there is nothing to judge.
SELECT 'records of aborted transactions' AS evidence, greatest(b.inputs, i.meant) + b.effects AS seen,
       CASE WHEN greatest(b.inputs, i.meant) + b.effects > 0 THEN TRUE WHEN t.batches > 0 THEN FALSE END AS enough,
       TRUE AS of_faults
FROM (
    SELECT coalesce(sum(CASE WHEN m.topic IN (SELECT topic FROM input) THEN m.last_off - m.base_off + 1 END), 0) AS inputs,
           coalesce(sum(CASE WHEN m.topic IN (SELECT topic FROM effect) THEN m.last_off - m.base_off + 1 END), 0) AS effects
    FROM marked_batch m
    WHERE m.control = 'abort'
) b
CROSS JOIN (SELECT count(*) AS meant FROM input WHERE fate = 'abort') i
CROSS JOIN (SELECT count(*) AS batches FROM batch WHERE transactional) t
