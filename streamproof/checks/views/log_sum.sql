-- log_sum: of each partition of the group's topics how many records it holds, and how many of them are visible; and a sum of
-- either over their offsets and ids, by which what a reader was given is compared with them, without looking at each.
-- kept: several checks ask for it
SELECT topic, part, count(*) AS records, count(*) FILTER (WHERE visible) AS visible_records, bit_xor(hash(concat(off, ' ', id))) AS sum,
       bit_xor(hash(concat(off, ' ', id))) FILTER (WHERE visible) AS visible_sum
FROM logged
GROUP BY topic, part
