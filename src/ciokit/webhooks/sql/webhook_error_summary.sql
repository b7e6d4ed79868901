-- What went wrong with messages: one row for each UTC day, channel, kind of trouble and reason the service gave.
-- `deliveries` counts each delivery once, however often it was tried; `recovered` are those that were
-- delivered all the same.
SELECT failures.event_date,
       failures.channel,
       failures.metric,
       COALESCE(failures.failure_message, '') AS failure_message,
       COUNT(*) AS events,
       COUNT(DISTINCT failures.delivery_id) AS deliveries,
       COUNT(DISTINCT CASE WHEN deliveries.is_delivered = 1 THEN failures.delivery_id END) AS recovered,
       COUNT(DISTINCT failures.customer_key) AS customers,
       MIN(failures.event_timestamp) AS first_seen_at,
       MAX(failures.event_timestamp) AS last_seen_at
  FROM webhook_message_events AS failures
  LEFT JOIN webhook_deliveries AS deliveries ON deliveries.delivery_id = failures.delivery_id
 WHERE failures.metric IN ('attempted', 'deferred', 'bounced', 'dropped', 'failed', 'undeliverable', 'spammed')
 GROUP BY failures.event_date, failures.channel, failures.metric, COALESCE(failures.failure_message, '')
