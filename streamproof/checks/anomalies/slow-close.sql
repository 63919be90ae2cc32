-- slow-close: an instance that was asked to stop (SIGTERM) did not end for longer than the contract promises (`x-close`).
-- origin: none in Adya or Jepsen; what a deployment waits for before it kills
-- witness: instance {instance} (process {pid}) was asked to stop at {t_stop:clock}, and ended at {t_end:clock}, where {close_ms}
--   ms are promised
-- assumes: only where a time is promised. An instance that is killed earlier than that, for its `stop_timeout_s` is over, had
--   not the time that it may take, and is no witness.
-- causes: the stop signal is not heard: a shell does not pass it on, a loop does not look, a call that blocks has no time-out
--   | what is in hand is finished, however much it is; or `close` waits for a coordinator, or for records, that are gone
SELECT instance, incarnation, pid, t_stop, t_end, close_ms
FROM process
CROSS JOIN promise
WHERE t_end - t_stop > close_ms * 1000
ORDER BY t_stop, instance
