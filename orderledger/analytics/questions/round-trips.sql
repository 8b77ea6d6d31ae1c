-- How round trips went, from flat to flat: holding time, win rate, profit factor, expectancy and streaks. See `trips` for each of them.
-- by: account, strategy, instrument, hour, day, week, month
-- default: account
-- currency: Settlement currency.
-- trips: Number of round trips, by the time of their end.
-- wins: Trips with a net profit.
-- losses: Trips with a net loss.
-- win_rate: Part of the trips that are wins.
-- gross_profit: Sum of the net profits of wins.
-- gross_loss: Sum of the net losses of losses, positive.
-- profit_factor: Gross profit divided by gross loss. Null without a loss.
-- expectancy: Average net P&L of a trip.
-- holding_seconds_p50: Half of the trips lasted at most so long.
-- holding_seconds_max: The longest trip.
-- longest_winning_streak: Most wins one after the other.
-- longest_losing_streak: Most losses one after the other.
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
,
keyed AS (
    SELECT /*by*/ account /*end*/, currency, net, epoch("at") - epoch(opened_at) AS holding, "at" AS ended_at, number, instrument AS traded, sign(net) AS won
    FROM trips AS facts
),
runs AS (
    SELECT *, row_number() OVER (PARTITION BY /*keys*/ account /*end*/, currency ORDER BY ended_at, traded, number)
        - row_number() OVER (PARTITION BY /*keys*/ account /*end*/, currency, won ORDER BY ended_at, traded, number) AS run
    FROM keyed
),
streaks AS (SELECT *, count(*) OVER (PARTITION BY /*keys*/ account /*end*/, currency, won, run) AS streak FROM runs)
SELECT /*keys*/ account /*end*/,
    currency,
    count(*) AS trips,
    count(*) FILTER (net > 0) AS wins,
    count(*) FILTER (net < 0) AS losses,
    count(*) FILTER (net > 0) / count(*) AS win_rate,
    round(coalesce(sum(net) FILTER (net > 0), 0), 10) AS gross_profit,
    round(coalesce(-sum(net) FILTER (net < 0), 0), 10) AS gross_loss,
    sum(net) FILTER (net > 0) / nullif(-sum(net) FILTER (net < 0), 0) AS profit_factor,
    round(avg(net), 10) AS expectancy,
    quantile_disc(holding, 0.5) AS holding_seconds_p50,
    max(holding) AS holding_seconds_max,
    coalesce(max(streak) FILTER (net > 0), 0) AS longest_winning_streak,
    coalesce(max(streak) FILTER (net < 0), 0) AS longest_losing_streak
FROM streaks GROUP BY ALL ORDER BY ALL
