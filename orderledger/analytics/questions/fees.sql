-- Fees paid and rebates received, by currency and liquidity.
-- by: account, strategy, instrument, hour, day, week, month
-- default: account
-- fee_currency: Currency of the fees. Null where neither the fill nor a definition of the instrument gives one.
-- liquidity: maker or taker, as the venue said.
-- fills: Number of fills with a fee.
-- fees: Fees paid, without rebates.
-- rebates: Rebates received: fees below zero.
-- net_fees: Fees less rebates.
-- notional: Quantity times price of these fills, before multipliers.
-- fee_bps: Net fees in basis points of the notional, where both are in one currency. A floating-point number.
WITH facts AS (
    SELECT account, strategy, instrument, "at", coalesce(fee_currency, currency) AS fee_currency, currency, liquidity,
        CAST(fee AS DECIMAL(38, 12)) AS fee, CAST(notional AS DECIMAL(38, 12)) AS notional
    FROM pnl_of_fills WHERE fee IS NOT NULL
)
SELECT /*by*/ account /*end*/,
    fee_currency,
    liquidity,
    count(*) AS fills,
    sum(greatest(fee, 0)) AS fees,
    sum(greatest(-fee, 0)) AS rebates,
    sum(fee) AS net_fees,
    sum(notional) AS notional,
    CASE WHEN bool_and(fee_currency IS NOT DISTINCT FROM currency)
        THEN 10000 * CAST(sum(fee) AS DOUBLE) / nullif(sum(notional), 0) END AS fee_bps
FROM facts GROUP BY ALL ORDER BY ALL
