-- transactional_pid: the producers that have transactions: what they write is to be read when that is decided.
SELECT DISTINCT pid FROM batch WHERE control <> 'none'
