-- overtaken: where, and of which keys, an effect comes after that of a later input of the same partition, whatever its key.
-- Orders of keys can only be broken among these; most pipelines have few, and most partitions of effects none.
WITH stepped AS (
    SELECT channel, effect_part, topic, part, off,
           lag(off) OVER (PARTITION BY channel, effect_part, topic, part ORDER BY place) AS before
    FROM keyed_effect
),
unordered AS (
    SELECT DISTINCT channel, effect_part, topic, part FROM stepped WHERE before > off
),
followed AS (
    SELECT *, max(off) OVER (
        PARTITION BY channel, effect_part, topic, part ORDER BY place ROWS UNBOUNDED PRECEDING
    ) AS latest
    FROM keyed_effect
    SEMI JOIN unordered USING (channel, effect_part, topic, part)
)
SELECT DISTINCT channel, effect_part, topic, part, key
FROM followed
WHERE latest > off
