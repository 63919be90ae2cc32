-- late: an input that the group has not committed past when the deadline has passed, in the input or in a hop. What a consumer group has not
-- committed it is not done with, whatever effects there are: it will be read again. No run with a late input is upheld.
-- origin: Jepsen's kafka checker: unseen
-- witness: input {id} ({topic}[{part}]@{off}) was never committed past: the group is at {committed}, since {since:clock} |
--   input {id} ({topic}[{part}]@{off}) was never committed past: the group has committed nothing of its partition |
--   {topic}[{part}]@{off}, which names no input and may be of any, was never committed past: its group is at {committed},
--   since {since:clock} |
--   {topic}[{part}]@{off}, which names no input and may be of any, was never committed past: no group has committed there
-- assumes: the run waited for the group to catch up, as long as it said it would. Only inputs that a read_committed
--   consumer is given count; transaction markers and aborted inputs after the last of them do not.
-- between: before, uncommitted
-- causes: a record that always fails is tried for ever, and all behind it wait: give it up after some attempts, to a
--   dead-letter topic | a consumer has left its group and does not come back: `max.poll.interval.ms` went by, or its
--   loop ended with an error that nobody reads | a partition was paused and never resumed; librdkafka keeps a pause
--   over a rebalance | what was read last is never committed: a batch waits until it is full, errors of commits are
--   passed over, or the offset of the last record that is done is committed, and not that of the next (+ 1) | the
--   subject is slower than the run waits
SELECT id, key, topic, part, off, committed, since
FROM late_input
ORDER BY topic, part, off
