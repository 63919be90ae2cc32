-- lost: the group has committed past an input, and fewer of its effects are visible on a channel than the contract
-- says: it will never be read again, so what is missing will never come. What lies in a hop is not lost yet.
-- Poison without its dead letter is unaccounted, not lost; what a broker has given up is archived.
-- origin: Jepsen's kafka checker: lost-write, carried from a log to a pipeline's effects
-- witness: input {id} ({topic}[{part}]@{off}) was committed past (the group is at {committed}), and {channel} has {seen}
--   of its {at_least} effects
-- assumes: the effects were read to the end, after no transaction was open. Judged by id: an id that is several times in
--   the input log is judged once all its occurrences are committed past, against all that it should cause. An input that
--   nobody committed past is late. An input whose effect was written in a transaction and aborted there, while its
--   sibling of the same transaction is visible elsewhere, is torn.
-- between: before, after
-- causes: the offset is committed before the effect is safe: `enable.auto.commit=true`, the default, with
--   `enable.auto.offset.store=true` in librdkafka, or with work outside the poll loop in Java; store or commit offsets
--   after the effect | a record that failed is passed by: neither leaving out a commit nor `abort_transaction` reads it
--   again, and the next commit goes past it; seek back, or send it to a dead-letter topic | the commit does not wait for
--   the effect: delivery reports or futures are not looked at, no `flush` before the commit, `acks` is not `all` | ids
--   that were seen are kept in memory before their effect is safe: what is read again after a failure is dropped as a
--   duplicate | when a partition is taken away, or the process is stopped, all that was handed out is committed, and
--   what waits in a batch or a queue is dropped; do it first, or commit what is done | `auto.offset.reset=latest`, the
--   default: a group that has committed nothing of a partition yet begins at its end | the subject drops the input on
--   purpose: feed it as an input without effects (`"fate": "filter"`, docs/input.md)
-- uses: txn
SELECT lost_effect.*
FROM lost_effect
JOIN promise ON channel IS DISTINCT FROM dead_letters
ANTI JOIN archived_input USING (id)
ORDER BY topic, part, off, id, channel
