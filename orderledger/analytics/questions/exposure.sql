-- Positions over time: at the end of each period with fills, and the extremes in it.
-- by: account, strategy, instrument, hour, day, week, month
-- default: account, instrument, day
-- needs: account, instrument
-- fills: Number of fills in the period.
-- position_quantity: Position after the last fill of the period, signed.
-- position_quantity_least: The least position after a fill of the period.
-- position_quantity_most: The greatest position after a fill of the period.
-- notional: What the position at the end is worth at the last mark by then, without its sign. Null without a mark. A floating-point number.
-- currency: Settlement currency.
WITH facts AS (
    SELECT f.account, f.strategy, f.instrument, f."at", f."rank", f.position_quantity, f.currency,
        abs(CAST(f.position_quantity AS DOUBLE)) * CAST(coalesce(i.multiplier, 1) AS DOUBLE)
            * CASE WHEN i.inverse THEN 1 / CAST(m.price AS DOUBLE) ELSE CAST(m.price AS DOUBLE) END AS notional
    FROM pnl_of_fills AS f
    ASOF LEFT JOIN marks AS m ON f.account = m.account AND f.instrument = m.instrument AND f."at" >= m."at"
    LEFT JOIN instruments AS i ON f.account = i.account AND f.instrument = i.instrument
)
SELECT /*by*/ account, instrument, strftime(date_trunc('day', "at"), '%Y-%m-%d') AS day /*end*/,
    count(*) AS fills,
    arg_max(position_quantity, ("at", "rank")) AS position_quantity,
    min(position_quantity) AS position_quantity_least,
    max(position_quantity) AS position_quantity_most,
    round(arg_max_null(notional, ("at", "rank")), 10) AS notional,
    any_value(currency) AS currency
FROM facts GROUP BY ALL ORDER BY ALL
