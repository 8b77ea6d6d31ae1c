-- The curve of P&L and its drawdown: realized P&L less fees plus funding plus unrealized P&L at the marks, as `orderledger equity` shows it. It begins at 0. It is P&L only: `orderledger equity --in CUR` shows the equity of an account with an opening balance.
-- by: account, instrument, hour, day, week, month
-- default: account, day
-- needs: account
-- currency: Settlement currency.
-- equity: At the end of the period. Null where an open position has no mark, an amount has no rate, or an instrument has no definition.
-- peak: The highest equity until then, at least 0.
-- drawdown: How far the equity was below its peak at the end of the period.
-- drawdown_most: The largest drawdown in the period. All of them are floating-point numbers, rounded to 8 places.
WITH facts AS (
    SELECT account, instrument, "at", "rank", currency, equity, peak, drawdown
    FROM equity WHERE method = /*method*/ 'average' /*end*/
)
SELECT /*by*/ account, strftime(date_trunc('day', "at"), '%Y-%m-%d') AS day /*end*/,
    currency,
    round(arg_max_null(equity, "rank"), 8) AS equity,
    round(arg_max(peak, "rank"), 8) AS peak,
    round(arg_max_null(drawdown, "rank"), 8) AS drawdown,
    round(max(drawdown), 8) AS drawdown_most
FROM facts GROUP BY ALL ORDER BY ALL
