-- Orders placed, moved and gone per hour: for watched accounts, and our own. By the venue's times.
-- by: account, strategy, instrument, side, hour, day, week, month
-- default: account, hour
-- placed: Orders that the venue accepted, or of which it first spoke.
-- moved: Replaces that the venue confirmed, and its own changes of orders.
-- gone: Orders that ended.
-- gone_filled: Of those, filled completely.
-- placed_quantity: Total quantity of the placed orders.
WITH placed AS (
    SELECT stream, min("at") AS "at" FROM events
    WHERE name IN ('order_acknowledged.v1', 'fill_recorded.v1', 'status_observed.v1', 'order_restated.v1') GROUP BY stream
),
facts AS (
    SELECT o.account, o.strategy, o.instrument, o.side, p."at", 1 AS placed, 0 AS moved, 0 AS gone, 0 AS gone_filled, o.quantity
    FROM placed AS p JOIN orders AS o USING (stream)
    UNION ALL
    SELECT o.account, o.strategy, o.instrument, o.side, e."at", 0, 1, 0, 0, 0
    FROM events AS e JOIN orders AS o USING (stream) WHERE e.name IN ('order_replaced.v1', 'order_restated.v1')
    UNION ALL
    SELECT account, strategy, instrument, side, ended_at, 0, 0, 1, CAST(status = 'filled' AS INTEGER), 0
    FROM orders WHERE ended_at IS NOT NULL
)
SELECT /*by*/ account, strftime(date_trunc('hour', "at"), '%Y-%m-%d %H:00') AS hour /*end*/,
    CAST(sum(placed) AS BIGINT) AS placed,
    CAST(sum(moved) AS BIGINT) AS moved,
    CAST(sum(gone) AS BIGINT) AS gone,
    CAST(sum(gone_filled) AS BIGINT) AS gone_filled,
    sum(CAST(quantity AS DECIMAL(38, 12))) AS placed_quantity
FROM facts GROUP BY ALL ORDER BY ALL
