-- How long orders rested, and their sizes against the usual size. The share of the book is not known: book snapshots are no events.
-- by: account, strategy, instrument, side, hour, day, week, month
-- default: account, instrument
-- orders: Number of orders that the venue accepted, by the time of the first fill or the acknowledgement.
-- resting_seconds_p50: From the acknowledgement to the end: half of the ended orders rested at most so long.
-- resting_seconds_p90: The same for nine of ten.
-- usual_quantity: The median quantity, rounded to 12 places.
-- largest_quantity: The largest quantity.
-- largest_to_usual: How many times the usual quantity the largest is. Null if the usual quantity rounds to 0.
WITH facts AS (
    SELECT account, strategy, instrument, side, coalesce(acknowledged_at, first_fill_at) AS "at",
        epoch(ended_at) - epoch(coalesce(acknowledged_at, first_fill_at)) AS rested, quantity
    FROM orders WHERE coalesce(acknowledged_at, first_fill_at) IS NOT NULL
)
SELECT /*by*/ account, instrument /*end*/,
    count(*) AS orders,
    round(quantile_disc(rested, 0.5), 6) AS resting_seconds_p50,
    round(quantile_disc(rested, 0.9), 6) AS resting_seconds_p90,
    quantile_disc(CAST(quantity AS DECIMAL(38, 12)), 0.5) AS usual_quantity,
    max(CAST(quantity AS DECIMAL(38, 12))) AS largest_quantity,
    CAST(max(CAST(quantity AS DECIMAL(38, 12))) AS DOUBLE)
        / nullif(quantile_disc(CAST(quantity AS DECIMAL(38, 12)), 0.5), 0) AS largest_to_usual
FROM facts GROUP BY ALL ORDER BY ALL
