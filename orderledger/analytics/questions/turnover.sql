-- What was bought and sold, with the multiplier. Of an inverse instrument: contracts times multiplier.
-- by: account, strategy, instrument, hour, day, week, month
-- default: account
-- currency: Settlement currency of the instruments.
-- fills: Number of fills.
-- bought: Value bought.
-- sold: Value sold.
-- turnover: Both together.
-- maker_share: Part of the turnover that was filled as a maker, of the fills that say so. A floating-point number.
WITH facts AS (
    SELECT f.account, f.strategy, f.instrument, f."at", f.currency, f.side, f.liquidity,
        CAST(CASE WHEN i.inverse THEN CAST(f.quantity AS DECIMAL(38, 12)) ELSE CAST(f.notional AS DECIMAL(38, 12)) END
            * CAST(coalesce(i.multiplier, 1) AS DECIMAL(19, 6)) AS DECIMAL(38, 12)) AS worth
    FROM pnl_of_fills AS f LEFT JOIN instruments AS i USING (account, instrument)
)
SELECT /*by*/ account /*end*/,
    currency,
    count(*) AS fills,
    coalesce(sum(worth) FILTER (side = 'buy'), 0) AS bought,
    coalesce(sum(worth) FILTER (side = 'sell'), 0) AS sold,
    sum(worth) AS turnover,
    CAST(sum(worth) FILTER (liquidity = 'maker') AS DOUBLE) / nullif(sum(worth) FILTER (liquidity IS NOT NULL), 0) AS maker_share
FROM facts GROUP BY ALL ORDER BY ALL
