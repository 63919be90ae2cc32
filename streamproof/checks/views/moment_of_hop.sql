-- moment_of_hop: the records by which the input of a story was handed on, in the topics of the subject's own.
SELECT 'handed on' AS what, hop_place.t_append AS t, hop_place.topic, hop_place.part, hop_place.off, NULL AS channel,
       NULL AS member, hop_place.pid, NULL AS n, NULL AS word
FROM hop_place
JOIN witness USING (id)
