-- What was odd, per venue: anomalies by their code, and orders with an unknown outcome. An account is named VENUE:NAME.
-- by: venue, account, strategy, instrument, hour, day, week, month
-- default: venue
-- code: Code of the anomaly, or `unresolved` for orders with an unknown outcome now.
-- found: Number of anomalies ever detected, by the time of detection; of orders for `unresolved`, by their last update.
-- still_open: Number of those that are not cleared.
-- orders: Number of orders concerned.
WITH facts AS (
    SELECT split_part(a.account, ':', 1) AS venue, a.account, o.strategy, o.instrument, a.detected_at AS "at", a.code,
        a.cleared_at IS NULL AS is_open, a.stream
    FROM anomalies AS a LEFT JOIN orders AS o USING (stream)
    UNION ALL
    SELECT split_part(account, ':', 1), account, strategy, instrument, updated_at, 'unresolved', true, stream
    FROM orders WHERE certainty = 'unresolved'
)
SELECT /*by*/ venue /*end*/,
    code,
    count(*) AS found,
    count(*) FILTER (is_open) AS still_open,
    count(DISTINCT stream) AS orders
FROM facts GROUP BY ALL ORDER BY ALL
