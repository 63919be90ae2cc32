-- producer_owner: how often each producer wrote an effect while which member owned the partition of its input.
WITH made AS (
    SELECT effect.pid, distinct_input.topic, distinct_input.part, effect.t_append
    FROM effect
    JOIN distinct_input ON distinct_input.id = effect.source_id
    WHERE effect.pid >= 0 AND effect.t_append IS NOT NULL AND distinct_input.places = 1
)
SELECT made.pid, tenure.member, count(*) AS times
FROM made
ASOF JOIN tenure ON tenure.topic = made.topic AND tenure.part = made.part AND tenure.t_from <= made.t_append
GROUP BY made.pid, tenure.member
