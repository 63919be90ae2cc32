-- live_input: the inputs that a read_committed consumer must be given: visible, and not meant to be aborted.
-- The fate counts as well as the broker's word: a broker that does not isolate shows what was aborted.
SELECT i.topic, i.part, i.off, i.id, i.key, i.t_append
FROM input i
WHERE i.visible AND i.fate <> 'abort'
