-- place: where live inputs lie: in the input log, and in hops. As long as one of its places is not committed past, an input
-- is the subject's to finish.
SELECT id, key, topic, part, off, t_append FROM live_input
UNION ALL
SELECT id, key, topic, part, off, t_append FROM hop_place
