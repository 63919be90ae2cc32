-- late_input: the live inputs that the group has not committed past; committed: how far it got, null for nowhere.
SELECT i.id, i.key, i.topic, i.part, i.off, c.off AS committed
FROM live_input i
CROSS JOIN promise p
LEFT JOIN final_commit c ON c.grp = p.grp AND c.topic = i.topic AND c.part = i.part
WHERE c.off IS NULL OR i.off >= c.off
