-- archived: a share group will not be given an input again, for the broker has archived it, at the limit of deliveries or
-- because it was rejected; and fewer of its effects, or of its dead letters, are visible than the contract says: it was given up
-- in silence.
-- origin: ours; what lost is of a group that commits, and unaccounted of its poison
-- witness: input {id} ({topic}[{part}]@{off}) was archived at {t:clock}, after {deliveries} deliveries: {channel} has {seen} of
--   its {at_least}
-- assumes: what is assumed of lost. An archived input is this, and neither lost nor unaccounted. An input that is let go
--   and not delivered again is late.
-- causes: what cannot be processed is released (`AcknowledgeType.RELEASE`), or its lock runs out, until
--   `group.share.delivery.count.limit`, 5 by default, is reached: nobody tells the subject; count deliveries
--   (`deliveryCount()`), and bury it in time | it is rejected (`AcknowledgeType.REJECT`) without a dead letter: Kafka keeps
--   none of what it archives | work takes longer than `group.share.record.lock.duration.ms`, 30 s by default, or its members
--   die with it in hand, again and again
SELECT lost_effect.id, lost_effect.channel, lost_effect.key, lost_effect.topic, lost_effect.part, lost_effect.off,
       archived_input.deliveries, archived_input.t, lost_effect.at_least, lost_effect.seen
FROM lost_effect
JOIN archived_input USING (id)
ORDER BY lost_effect.topic, lost_effect.part, lost_effect.off, lost_effect.id, lost_effect.channel
