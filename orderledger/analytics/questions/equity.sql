-- The curve of P&L and its drawdown: realized P&L less fees plus funding plus unrealized P&L at the marks. It begins at 0. It is P&L only: `orderledger equity --in CUR` shows the equity of an account with an opening balance.
-- by: account, instrument, hour, day, week, month
-- default: account, day
-- needs: account
-- currency: Settlement currency. Fees and funding in other currencies are not counted: see `pnl`.
-- equity: At the end of the period. A position without a mark is valued at its cost.
-- peak: The highest equity until then, at least 0.
-- drawdown: How far the equity was below its peak at the end of the period.
-- drawdown_most: The largest drawdown in the period. All of them are floating-point numbers, rounded to 8 places.
WITH terms AS (
    SELECT account, instrument, CAST(coalesce(multiplier, 1) AS DOUBLE) AS multiplier, coalesce(inverse, false) AS is_inverse, currency
    FROM instruments
),
entries AS (
    SELECT account, instrument, "at", "rank", 'fill' AS kind, CAST(CASE WHEN side = 'buy' THEN 1 ELSE -1 END AS INTEGER)
        * CAST(quantity AS DECIMAL(36, 12)) AS quantity, CAST(price AS DOUBLE) AS price, CAST(realized_pnl_average AS DOUBLE) AS realized,
        CASE WHEN fee_currency IS NULL OR fee_currency = currency THEN -CAST(coalesce(fee, 0) AS DOUBLE) ELSE 0 END AS paid, NULL AS mark
    FROM pnl_of_fills
    UNION ALL
    SELECT account, instrument, "at", '0' || lpad(CAST("position" AS VARCHAR), 19, '0') AS "rank", kind, CASE WHEN kind = 'adjust' THEN CAST(quantity AS DECIMAL(36, 12)) ELSE 0 END,
        CASE WHEN kind = 'adjust' THEN CAST(price AS DOUBLE) END, 0,
        CASE WHEN kind = 'funding' AND e.currency IS NOT DISTINCT FROM coalesce(t.currency, e.currency) THEN CAST(quantity AS DOUBLE) ELSE 0 END,
        NULL
    FROM account_events AS e LEFT JOIN terms AS t USING (account, instrument) WHERE kind IN ('adjust', 'funding')
    UNION ALL
    SELECT account, instrument, "at", '0' || lpad(CAST("position" AS VARCHAR), 19, '0') AS "rank", 'mark', 0, NULL, 0, 0, CAST(price AS DOUBLE) FROM marks
),
priced AS (
    -- What was paid for a quantity, so that its gain is the value now less that: of an inverse instrument with the sign turned.
    SELECT e.*, coalesce(t.multiplier, 1) AS multiplier, coalesce(t.is_inverse, false) AS is_inverse, t.currency,
        CASE WHEN price IS NULL THEN 0 WHEN coalesce(t.is_inverse, false) THEN quantity * coalesce(t.multiplier, 1) / price
            ELSE -quantity * coalesce(t.multiplier, 1) * price END AS cash,
        count(*) FILTER (kind = 'adjust') OVER (PARTITION BY e.account, e.instrument ORDER BY e."at", e."rank") AS segment
    FROM entries AS e LEFT JOIN terms AS t USING (account, instrument)
),
summed AS (
    -- An adjustment begins a new segment: what was unrealized before it is gone.
    SELECT *, sum(quantity) OVER segment_so_far AS held, sum(cash) OVER segment_so_far AS spent,
        sum(realized) OVER so_far AS realized_so_far, sum(realized) OVER segment_so_far AS realized_in_segment,
        sum(paid) OVER so_far AS paid_so_far, last_value(mark IGNORE NULLS) OVER so_far AS last_mark
    FROM priced
    WINDOW so_far AS (PARTITION BY account, instrument ORDER BY "at", "rank" ROWS UNBOUNDED PRECEDING),
        segment_so_far AS (PARTITION BY account, instrument, segment ORDER BY "at", "rank" ROWS UNBOUNDED PRECEDING)
),
totals AS (
    SELECT *, paid_so_far + CASE WHEN held = 0 OR last_mark IS NULL THEN realized_so_far
        ELSE realized_so_far - realized_in_segment + spent
            + CASE WHEN is_inverse THEN -held * multiplier / last_mark ELSE held * multiplier * last_mark END END AS total
    FROM summed
),
facts AS (
    SELECT account, instrument, "at", "rank", currency,
        total - lag(total, 1, 0) OVER (PARTITION BY account, instrument ORDER BY "at", "rank") AS change
    FROM totals
),
curve AS (
    SELECT *, sum(change) OVER (PARTITION BY account, currency, /*instrument*/ 0 /*end*/ ORDER BY "at", "rank") AS equity FROM facts
),
peaks AS (
    SELECT *, greatest(0, max(equity) OVER (PARTITION BY account, currency, /*instrument*/ 0 /*end*/ ORDER BY "at", "rank")) AS peak
    FROM curve
)
SELECT /*by*/ account, strftime(date_trunc('day', "at"), '%Y-%m-%d') AS day /*end*/,
    currency,
    round(arg_max(equity, ("at", "rank")), 8) AS equity,
    round(arg_max(peak, ("at", "rank")), 8) AS peak,
    round(arg_max(peak - equity, ("at", "rank")), 8) AS drawdown,
    round(max(peak - equity), 8) AS drawdown_most
FROM peaks AS facts GROUP BY ALL ORDER BY ALL
