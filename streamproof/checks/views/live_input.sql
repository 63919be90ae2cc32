-- live_input: the inputs that a read_committed consumer must be given: visible, and not meant to be aborted.
-- The fate counts as well as the broker's word: a broker that does not isolate shows what was aborted.
SELECT topic, part, off, id, key, t_append
FROM input
WHERE visible AND fate <> 'abort'
