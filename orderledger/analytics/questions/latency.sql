-- How long the steps of orders took by our own clock: by the times at which their events were recorded. Imported events are left out.
-- by: account, strategy, instrument, hour, day, week, month
-- default: account
-- step: request_to_submit, submit_to_acknowledge, acknowledge_to_first_fill or cancel_to_canceled.
-- orders: Number of orders with both ends of the step.
-- ms_p50: Milliseconds: half of the orders took at most so long.
-- ms_p90: The same for nine of ten.
-- ms_p99: The same for 99 of a hundred.
-- ms_max: The longest.
WITH recorded AS (
    SELECT stream,
        min(recorded_at) FILTER (name = 'order_requested.v1') AS requested,
        max(recorded_at) FILTER (name = 'order_submitted.v1') AS submitted,
        min(recorded_at) FILTER (name = 'order_acknowledged.v1') AS acknowledged,
        min(recorded_at) FILTER (name = 'fill_recorded.v1') AS filled,
        min(recorded_at) FILTER (name = 'cancel_requested.v1') AS cancel_requested,
        max(recorded_at) FILTER (name = 'order_canceled.v1') AS canceled
    FROM events WHERE source != 'import' GROUP BY stream
),
steps AS (
    SELECT stream, 'request_to_submit' AS step, requested AS begun, submitted AS done FROM recorded
    UNION ALL SELECT stream, 'submit_to_acknowledge', submitted, acknowledged FROM recorded
    UNION ALL SELECT stream, 'acknowledge_to_first_fill', acknowledged, filled FROM recorded
    UNION ALL SELECT stream, 'cancel_to_canceled', cancel_requested, canceled FROM recorded
),
facts AS (
    SELECT o.account, o.strategy, o.instrument, coalesce(o.requested_at, o.updated_at) AS "at", step,
        (epoch_us(done) - epoch_us(begun)) / 1000 AS ms
    FROM steps JOIN orders AS o USING (stream)
    WHERE begun IS NOT NULL AND done IS NOT NULL
)
SELECT /*by*/ account /*end*/,
    step,
    count(*) AS orders,
    quantile_disc(ms, 0.5) AS ms_p50,
    quantile_disc(ms, 0.9) AS ms_p90,
    quantile_disc(ms, 0.99) AS ms_p99,
    max(ms) AS ms_max
FROM facts GROUP BY ALL ORDER BY ALL
