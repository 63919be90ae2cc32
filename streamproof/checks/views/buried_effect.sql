-- buried_effect: the visible effects of live inputs that have a visible dead letter too.
-- kept: two checks ask for it
WITH buried AS (
    SELECT id, channel AS letters FROM first_effect JOIN promise ON channel = dead_letters
)
SELECT id, channel, letters, key, topic, part, off
FROM first_effect
JOIN buried USING (id)
WHERE channel <> letters AND off IS NOT NULL
