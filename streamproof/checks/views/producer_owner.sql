-- producer_owner: how often each producer wrote an effect while which member owned the partition of its input.
WITH made AS (
    SELECT effect.pid, input_once.topic, input_once.part, effect.t_append
    FROM effect
    JOIN input_once ON input_once.id = effect.source_id
    WHERE effect.pid >= 0 AND effect.t_append IS NOT NULL AND input_once.places = 1
)
SELECT made.pid, tenure.member, count(*) AS times
FROM made
ASOF JOIN tenure ON tenure.topic = made.topic AND tenure.part = made.part AND tenure.t_from <= made.t_append
GROUP BY made.pid, tenure.member
