-- transactional_effect: the batches of the topics of effects that were written in transactions.
SELECT topic, part, base_off, last_off, pid, epoch
FROM batch
WHERE transactional AND control = 'none' AND topic IN (SELECT topic FROM effect)
