-- late_input: the live inputs that the group has not committed past; committed: how far it got, null for nowhere.
SELECT live_input.id, live_input.key, live_input.topic, live_input.part, live_input.off, final_commit.off AS committed
FROM live_input
LEFT JOIN final_commit ON final_commit.topic = live_input.topic AND final_commit.part = live_input.part
WHERE final_commit.off IS NULL OR live_input.off >= final_commit.off
