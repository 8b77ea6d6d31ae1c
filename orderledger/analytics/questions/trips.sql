-- Every round trip: from flat to flat. A trip counts on the day when it ends.
-- by: account, strategy, instrument
-- default: account, instrument
-- needs: account, instrument
-- opened_at: When its first fill happened.
-- closed_at: When its last fill happened.
-- direction: long or short.
-- largest_quantity: The largest position in it.
-- fills: Number of its fills.
-- realized_pnl: What its fills realized, before fees.
-- fees: Fees in the settlement currency. Of a fill through zero each trip has its part.
-- net_pnl: Realized P&L less fees.
-- holding_seconds: From its first fill to its last.
-- currency: Settlement currency.
WITH fills AS (
    SELECT *, position_quantity - CASE WHEN side = 'buy' THEN quantity ELSE -quantity END AS held_before,
        CAST(realized_pnl_average_exact AS DECIMAL(38, 12)) AS realized,
        CASE WHEN fee_currency IS NULL OR fee_currency = currency THEN CAST(coalesce(fee, 0) AS DECIMAL(38, 12)) ELSE 0 END AS own_fee
    FROM pnl_of_fills
),
numbered AS (
    SELECT *, closed_quantity > 0 AND closed_quantity < quantity AS is_crossing,
        count(*) FILTER (held_before = 0 OR (closed_quantity > 0 AND closed_quantity < quantity))
            OVER (PARTITION BY account, instrument, position_side, position_id, /*strategy*/ 0 /*end*/ ORDER BY "at", "rank") AS number
    FROM fills
),
parts AS (
    -- A fill through zero ends one trip and begins the next. Its fee is divided by quantity.
    SELECT account, strategy, instrument, position_side, position_id, "at", "rank", currency, position_quantity, side, realized, held_before,
        CASE WHEN is_crossing THEN number - 1 ELSE number END AS number,
        CASE WHEN is_crossing THEN own_fee * CAST(closed_quantity AS DOUBLE) / CAST(quantity AS DOUBLE) ELSE own_fee END AS own_fee,
        is_crossing OR (closed_quantity > 0 AND position_quantity = 0) AS is_end,
        abs(CASE WHEN closed_quantity > 0 THEN held_before ELSE position_quantity END) AS size
    FROM numbered
    UNION ALL
    SELECT account, strategy, instrument, position_side, position_id, "at", "rank", currency, position_quantity, side, 0, 0, number,
        own_fee * CAST(quantity - closed_quantity AS DOUBLE) / CAST(quantity AS DOUBLE), false, abs(position_quantity)
    FROM numbered WHERE is_crossing
),
trips AS (
    SELECT account, /*strategy*/ NULL /*end*/ AS strategy, instrument, position_side, position_id, number, min("at") AS opened_at, max("at") AS "at", any_value(currency) AS currency,
        CASE WHEN arg_min(side, ("at", "rank")) = 'buy' THEN 'long' ELSE 'short' END AS direction,
        max(size) AS largest_quantity, count(*) AS fills, sum(realized) AS realized_pnl,
        round(CAST(sum(own_fee) AS DOUBLE), 10) AS fees, round(CAST(sum(realized) AS DOUBLE) - CAST(sum(own_fee) AS DOUBLE), 10) AS net
    FROM parts GROUP BY ALL HAVING bool_or(is_end)
)
SELECT /*by*/ account, instrument /*end*/,
    opened_at,
    "at" AS closed_at,
    direction,
    largest_quantity,
    fills,
    realized_pnl,
    fees,
    net AS net_pnl,
    epoch("at") - epoch(opened_at) AS holding_seconds,
    currency
FROM trips AS facts ORDER BY ALL
