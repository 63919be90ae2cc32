-- overtaken: where, and of which keys, an effect comes after that of a later input of the same partition, whatever its key.
-- Orders of keys can only be broken among these; most pipelines have few.
SELECT DISTINCT o.channel, o.effect_part, o.topic, o.part, o.key
FROM (
    SELECT f.*, max(f.off) OVER (
        PARTITION BY f.channel, f.effect_part, f.topic, f.part ORDER BY f.place
        ROWS UNBOUNDED PRECEDING
    ) AS latest
    FROM keyed_effect f
) o
WHERE o.latest > o.off
