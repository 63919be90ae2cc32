-- miscount: the sources that have fewer or more visible effects on a channel than the contract says.
-- kept: several checks ask for it
SELECT x.id, x.channel, x.at_least, x.at_most, coalesce(f.seen, 0) AS seen
FROM expected x
JOIN promise p ON p.grp = x.grp
LEFT JOIN first_effect f ON f.id = x.id AND f.channel = x.channel
WHERE coalesce(f.seen, 0) < x.at_least OR f.seen > x.at_most
