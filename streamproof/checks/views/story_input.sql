-- story_input: where the input of the witness that is told of (the one-row table `witness`) is in the input log.
SELECT input.id, input.topic, input.part, input.off, input.t_append
FROM input
JOIN witness ON witness.id = input.id
