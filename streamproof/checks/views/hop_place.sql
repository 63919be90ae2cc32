-- hop_place: the visible records of hops, the topics that the subject hands its inputs on through: in each an input lies.
-- id: null where the record names no input, and may be any input's. t_written: null where the topic has its producers'
-- times; t_append: then when its input came.
-- kept: several checks ask for it
SELECT hop.topic, hop.part, hop.off, id, hop.key, hop.pid, hop.epoch, hop.t_append AS t_written,
       coalesce(hop.t_append, distinct_input.t_append) AS t_append
FROM hop
LEFT JOIN distinct_input USING (id)
WHERE hop.visible
