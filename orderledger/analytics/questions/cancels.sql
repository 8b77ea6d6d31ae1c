-- Who canceled orders: whoever asked for it first, else the venue by itself, with its reason.
-- by: account, strategy, instrument, hour, day, week, month
-- default: account
-- canceled_by: Source of the first request to cancel (strategy, operator, …), or venue if nobody asked.
-- actor: Who asked, where the request says so.
-- reason: Reason that the cancel gives.
-- orders: Number of orders that ended as canceled, by the time of their end.
-- filled_part: Part of their quantity that was filled before.
WITH asked AS (
    SELECT stream, arg_min(source, "position") AS source, arg_min(actor, "position") AS actor
    FROM events WHERE name = 'cancel_requested.v1' GROUP BY stream
),
facts AS (
    SELECT o.account, o.strategy, o.instrument, o.ended_at AS "at", coalesce(a.source, 'venue') AS canceled_by, a.actor, o.reason,
        CAST(o.quantity AS DOUBLE) AS quantity, CAST(o.cum_quantity AS DOUBLE) AS cum_quantity
    FROM orders AS o LEFT JOIN asked AS a USING (stream)
    WHERE o.status = 'canceled'
)
SELECT /*by*/ account /*end*/,
    canceled_by,
    actor,
    reason,
    count(*) AS orders,
    sum(cum_quantity) / nullif(sum(quantity), 0) AS filled_part
FROM facts GROUP BY ALL ORDER BY ALL
