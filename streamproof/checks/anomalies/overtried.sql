-- overtried: a visible dead letter tells that its input was tried oftener than the contract allows: what can never succeed
-- held up all that waits behind it.
-- origin: ours
-- witness: input {id} was tried {attempts} times, where {max_attempts} are allowed, says its dead letter at
--   {topic}[{part}]@{off}
-- assumes: what the letter says of its attempts, in the header that the contract names, is true: from outside an attempt
--   that fails is not seen. A letter that does not say it, or no number, is not judged.
-- between: sent, effect
-- causes: attempts are counted from zero | the count is in memory, and begins anew after a restart or a rebalance, or is
--   added to another count, such as of the client's own retries | what cannot succeed is tried as often as what may
SELECT told_attempts.*, max_attempts
FROM told_attempts
CROSS JOIN promise
WHERE told_attempts.attempts > max_attempts
ORDER BY topic, part, off
