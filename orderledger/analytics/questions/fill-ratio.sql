-- How many orders were filled, canceled, rejected and amended. Orders of others (origin external) are left out.
-- by: account, strategy, instrument, hour, day, week, month
-- default: account
-- orders: Number of requested orders, by the time of the request.
-- filled: Orders that are filled completely.
-- partly_filled: Orders with fills that are not filled completely.
-- canceled: Orders that ended as canceled, expired or done for the day.
-- rejected: Orders that the venue rejected.
-- denied: Orders that our own checks refused.
-- amended: Orders with at least one replace that the venue confirmed.
-- fill_ratio: Part of the orders that have a fill.
-- quantity_ratio: Filled part of the requested quantity.
-- cancel_ratio: Part of the orders that ended without being filled completely.
-- reject_ratio: Part of the orders that were rejected.
-- amend_ratio: Part of the orders that were amended.
WITH amended AS (SELECT DISTINCT stream FROM events WHERE name = 'order_replaced.v1'),
facts AS (
    SELECT o.account, o.strategy, o.instrument, o.requested_at AS "at", o.status, o.stream,
        CAST(o.quantity AS DOUBLE) AS quantity, CAST(o.cum_quantity AS DOUBLE) AS cum_quantity, a.stream IS NOT NULL AS is_amended
    FROM orders AS o LEFT JOIN amended AS a USING (stream)
    WHERE o.requested_at IS NOT NULL
)
SELECT /*by*/ account /*end*/,
    count(*) AS orders,
    count(*) FILTER (status = 'filled') AS filled,
    count(*) FILTER (status != 'filled' AND cum_quantity > 0) AS partly_filled,
    count(*) FILTER (status IN ('canceled', 'expired', 'done_for_day')) AS canceled,
    count(*) FILTER (status = 'rejected') AS rejected,
    count(*) FILTER (status = 'denied') AS denied,
    count(*) FILTER (is_amended) AS amended,
    count(*) FILTER (cum_quantity > 0) / count(*) AS fill_ratio,
    sum(cum_quantity) / nullif(sum(quantity), 0) AS quantity_ratio,
    count(*) FILTER (status IN ('canceled', 'expired', 'done_for_day')) / count(*) AS cancel_ratio,
    count(*) FILTER (status = 'rejected') / count(*) AS reject_ratio,
    count(*) FILTER (is_amended) / count(*) AS amend_ratio
FROM facts GROUP BY ALL ORDER BY ALL
