-- How the market moved after fills: gain of each fill 1, 10 and 60 seconds later, at the last mark by then that is newer than the fill.
-- by: account, strategy, instrument, side, liquidity, hour, day, week, month
-- default: account
-- currency: Settlement currency of the instruments.
-- seconds: 1, 10 or 60.
-- fills: Number of fills with such a mark.
-- without_mark: Number of fills without one: they are not counted below.
-- markout: Value at the mark less the price paid, for what was bought; the other way round for what was sold. Negative: the market moved against us.
-- markout_bps: The same in basis points of what the fills were worth. Floating-point numbers.
WITH horizons AS (SELECT unnest([1, 10, 60]) AS seconds),
later AS (
    SELECT f.account, f.strategy, f.instrument, f.side, f.liquidity, f."at", f.currency, h.seconds,
        f."at" + to_seconds(h.seconds) AS then_at,
        CAST(f.quantity AS DOUBLE) AS quantity, CAST(f.price AS DOUBLE) AS price
    FROM pnl_of_fills AS f CROSS JOIN horizons AS h
),
facts AS (
    SELECT l.*, CASE WHEN m."at" > l."at" THEN CAST(m.price AS DOUBLE) END AS mark,
        coalesce(i.inverse, false) AS is_inverse, CAST(coalesce(i.multiplier, 1) AS DOUBLE) AS multiplier,
        CASE WHEN l.side = 'buy' THEN 1 ELSE -1 END AS sign
    FROM later AS l
    ASOF LEFT JOIN marks AS m ON l.account = m.account AND l.instrument = m.instrument AND l.then_at >= m."at"
    LEFT JOIN instruments AS i ON l.account = i.account AND l.instrument = i.instrument
)
SELECT /*by*/ account /*end*/,
    currency,
    seconds,
    count(mark) AS fills,
    count(*) - count(mark) AS without_mark,
    round(sum(sign * quantity * multiplier * CASE WHEN is_inverse THEN 1 / price - 1 / mark ELSE mark - price END), 10) AS markout,
    round(10000 * sum(sign * quantity * multiplier * CASE WHEN is_inverse THEN 1 / price - 1 / mark ELSE mark - price END)
        / nullif(sum(quantity * multiplier * CASE WHEN is_inverse THEN 1 / price ELSE price END) FILTER (mark IS NOT NULL), 0), 6)
        AS markout_bps
FROM facts GROUP BY ALL ORDER BY ALL
