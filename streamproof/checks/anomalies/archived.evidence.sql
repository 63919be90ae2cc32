-- Only what is delivered again and again, or rejected, is archived. A group that is no share group has nothing archived.
WITH again AS (
    SELECT count(DISTINCT (topic, part, off)) AS seen
    FROM record_state
    JOIN live_input USING (topic, part, off)
    WHERE deliveries > 1 OR state = 'archived'
)
SELECT 'inputs that were delivered again, or archived' AS evidence, seen,
       CASE WHEN protocol = 'share' THEN seen > 0 END AS enough, TRUE AS of_faults,
       'kill an instance inside its cycle: {kill}' AS advice
FROM again, promise
