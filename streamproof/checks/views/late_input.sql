-- late_input: the places of live inputs that are not committed past; committed: how far their group got, null for nowhere;
-- since: when it got there.
-- id null: a hop's record that names no input, and may be any input's.
SELECT place.id, place.key, place.topic, place.part, place.off, final_commit.off AS committed, since
FROM place
LEFT JOIN final_commit ON final_commit.topic = place.topic AND final_commit.part = place.part
WHERE final_commit.off IS NULL OR place.off >= final_commit.off
