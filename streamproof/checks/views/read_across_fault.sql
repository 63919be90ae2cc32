-- read_across_fault: how many partitions readers went on to read from before a fault until after it.
SELECT count(*) AS seen
FROM reading
WHERE EXISTS (
    SELECT 1
    FROM weighed_fault AS fault
    WHERE fault.effective AND reading.t_from <= fault.t_from AND coalesce(fault.t_to, fault.t_from) <= reading.t_to
)
