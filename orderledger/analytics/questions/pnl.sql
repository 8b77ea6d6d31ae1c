-- Realized P&L, fees and funding per day, week, month or hour. Amounts of each currency are apart, and nothing is converted.
-- by: account, strategy, instrument, hour, day, week, month
-- default: account, day
-- currency: Currency of the amounts. Null where no definition gives the settlement currency of the instrument.
-- realized_pnl: Realized by the fills of the period, before fees.
-- fees: Fees paid in this currency, less rebates.
-- funding: Funding received, less funding paid.
-- net_pnl: Realized P&L less fees plus funding.
-- fills: Number of fills with this settlement currency.
WITH facts AS (
    SELECT account, strategy, instrument, "at", currency,
        CAST(realized_pnl_average_exact AS DECIMAL(38, 12)) AS realized, 0 AS fee, 0 AS funding, 1 AS fills
    FROM pnl_of_fills
    UNION ALL
    SELECT account, strategy, instrument, "at", coalesce(fee_currency, currency), 0, CAST(fee AS DECIMAL(38, 12)), 0, 0
    FROM pnl_of_fills WHERE fee IS NOT NULL
    UNION ALL
    SELECT account, NULL, instrument, "at", currency, 0, 0, CAST(quantity AS DECIMAL(38, 12)), 0
    FROM account_events WHERE kind = 'funding'
)
SELECT /*by*/ account, strftime(date_trunc('day', "at"), '%Y-%m-%d') AS day /*end*/,
    currency,
    sum(realized) AS realized_pnl,
    sum(fee) AS fees,
    sum(funding) AS funding,
    sum(realized) - sum(fee) + sum(funding) AS net_pnl,
    CAST(sum(fills) AS BIGINT) AS fills
FROM facts GROUP BY ALL ORDER BY ALL
