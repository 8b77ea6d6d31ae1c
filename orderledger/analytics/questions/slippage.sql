-- What filling cost against the mark on arrival (implementation shortfall): the last mark at or before an order was sent.
-- by: account, strategy, instrument, side, hour, day, week, month
-- default: account
-- currency: Settlement currency of the instruments.
-- orders: Number of orders with fills and with a mark on arrival, by the time when they were sent.
-- without_mark: Number of orders with fills and without such a mark: they are not counted below.
-- arrival_value: Filled quantity at the mark on arrival.
-- slippage: How much worse than the mark the fills were: positive is a cost. Before fees, by the instrument's multiplier.
-- slippage_bps: The same in basis points of the value at the mark. Of inverse instruments by price. Floating-point numbers.
WITH sent AS (
    SELECT account, strategy, instrument, side, coalesce(submitted_at, requested_at) AS "at",
        CAST(cum_quantity AS DOUBLE) AS quantity, CAST(average_price AS DOUBLE) AS price
    FROM orders WHERE cum_quantity > 0 AND average_price IS NOT NULL AND coalesce(submitted_at, requested_at) IS NOT NULL
),
facts AS (
    SELECT s.*, i.currency, coalesce(i.inverse, false) AS is_inverse, CAST(coalesce(i.multiplier, 1) AS DOUBLE) AS multiplier,
        CAST(m.price AS DOUBLE) AS mark, CASE WHEN s.side = 'buy' THEN 1 ELSE -1 END AS sign
    FROM sent AS s
    ASOF LEFT JOIN marks AS m ON s.account = m.account AND s.instrument = m.instrument AND s."at" >= m."at"
    LEFT JOIN instruments AS i ON s.account = i.account AND s.instrument = i.instrument
),
valued AS (
    SELECT *, quantity * multiplier * CASE WHEN is_inverse THEN 1 / mark ELSE mark END AS arrival,
        sign * quantity * multiplier * CASE WHEN is_inverse THEN 1 / mark - 1 / price ELSE price - mark END AS cost
    FROM facts
)
SELECT /*by*/ account /*end*/,
    currency,
    count(mark) AS orders,
    count(*) - count(mark) AS without_mark,
    round(sum(arrival), 10) AS arrival_value,
    round(sum(cost), 10) AS slippage,
    round(10000 * sum(cost) / nullif(sum(arrival), 0), 6) AS slippage_bps
FROM valued AS facts GROUP BY ALL ORDER BY ALL
