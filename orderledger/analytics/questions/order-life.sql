-- How long orders lived, and how long until the first fill. By the times of the messages: ours for requests, the venue's for reports.
-- by: account, strategy, instrument, hour, day, week, month
-- default: account
-- orders: Number of requested orders, by the time of the request.
-- ended: Orders that have ended.
-- life_seconds_p50: From the request to the end: half of the ended orders lived at most so long.
-- life_seconds_p90: The same for nine of ten.
-- life_seconds_max: The longest life.
-- filled: Orders with a fill.
-- first_fill_seconds_p50: From the request to the first fill: half of these orders took at most so long.
-- first_fill_seconds_p90: The same for nine of ten.
WITH facts AS (
    SELECT account, strategy, instrument, requested_at AS "at",
        epoch(ended_at) - epoch(requested_at) AS life, epoch(first_fill_at) - epoch(requested_at) AS first_fill
    FROM orders WHERE requested_at IS NOT NULL
)
SELECT /*by*/ account /*end*/,
    count(*) AS orders,
    count(life) AS ended,
    round(quantile_disc(life, 0.5), 6) AS life_seconds_p50,
    round(quantile_disc(life, 0.9), 6) AS life_seconds_p90,
    round(max(life), 6) AS life_seconds_max,
    count(first_fill) AS filled,
    round(quantile_disc(first_fill, 0.5), 6) AS first_fill_seconds_p50,
    round(quantile_disc(first_fill, 0.9), 6) AS first_fill_seconds_p90
FROM facts GROUP BY ALL ORDER BY ALL
