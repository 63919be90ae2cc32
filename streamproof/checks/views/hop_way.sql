-- hop_way: the partitions of hops that an input went through, and a number for them (`way`).
-- kept: what is joined to it is not small
SELECT id, hash(parts) AS way, parts
FROM (
    SELECT id, list(DISTINCT concat(topic, '[', part, ']') ORDER BY concat(topic, '[', part, ']')) AS parts
    FROM hop_place
    WHERE id IS NOT NULL
    GROUP BY id
)
