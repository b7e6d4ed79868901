-- What each person got and did: one row for each person that a message or a change of subscription was reported of.
-- `customer_key` is as in webhook_message_events; deleted people have none and are left out. `is_subscribed` is what
-- was reported last, empty if nothing was; of two reports in one second, unsubscribed.
WITH changes AS (
    SELECT COALESCE(NULLIF(cio_id, ''), NULLIF(id, ''), NULLIF(customer_id, ''), NULLIF(email, '')) AS customer_key,
           NULLIF(cio_id, '') AS cio_id,
           COALESCE(NULLIF(id, ''), NULLIF(customer_id, '')) AS id,
           COALESCE(NULLIF(email, ''), NULLIF(email_address, '')) AS email,
           event_timestamp,
           metric
      FROM webhook_customer_events
     WHERE metric IN ('subscribed', 'unsubscribed')
    UNION ALL
    SELECT customer_key, cio_id, id, email, event_timestamp, metric
      FROM webhook_message_events
     WHERE metric IN ('subscribed', 'unsubscribed')
),
subscriptions AS (
    SELECT customer_key,
           MAX(cio_id) AS cio_id,
           MAX(id) AS id,
           MAX(email) AS email,
           MAX(CASE WHEN metric = 'subscribed' THEN event_timestamp END) AS subscribed_at,
           MAX(CASE WHEN metric = 'unsubscribed' THEN event_timestamp END) AS unsubscribed_at
      FROM changes
     WHERE customer_key IS NOT NULL
     GROUP BY customer_key
),
messages AS (
    SELECT customer_key,
           MAX(cio_id) AS cio_id,
           MAX(id) AS id,
           MAX(email) AS email,
           CAST(SUM(is_sent) AS BIGINT) AS sent,
           CAST(SUM(is_delivered) AS BIGINT) AS delivered,
           CAST(SUM(is_opened) AS BIGINT) AS opened,
           CAST(SUM(is_clicked) AS BIGINT) AS clicked,
           CAST(SUM(is_converted) AS BIGINT) AS converted,
           CAST(SUM(is_bounced) AS BIGINT) AS bounced,
           COUNT(DISTINCT CASE WHEN is_sent = 1 THEN channel END) AS channels,
           MIN(CASE WHEN is_sent = 1 THEN sent_at END) AS first_sent_at,
           MAX(CASE WHEN is_sent = 1 THEN sent_at END) AS last_sent_at,
           MAX(last_engaged_at) AS last_engaged_at,
           MAX(last_event_at) AS last_event_at
      FROM webhook_deliveries
     WHERE customer_key IS NOT NULL
     GROUP BY customer_key
)
SELECT COALESCE(messages.customer_key, subscriptions.customer_key) AS customer_key,
       COALESCE(messages.cio_id, subscriptions.cio_id) AS cio_id,
       COALESCE(messages.id, subscriptions.id) AS id,
       COALESCE(messages.email, subscriptions.email) AS email,
       COALESCE(sent, 0) AS sent,
       COALESCE(delivered, 0) AS delivered,
       COALESCE(opened, 0) AS opened,
       COALESCE(clicked, 0) AS clicked,
       COALESCE(converted, 0) AS converted,
       COALESCE(bounced, 0) AS bounced,
       COALESCE(channels, 0) AS channels,
       first_sent_at,
       last_sent_at,
       last_engaged_at,
       last_event_at,
       CASE WHEN subscribed_at IS NULL AND unsubscribed_at IS NULL THEN NULL
            WHEN unsubscribed_at IS NULL THEN TRUE
            WHEN subscribed_at IS NULL THEN FALSE
            ELSE subscribed_at > unsubscribed_at END AS is_subscribed,
       CAST(opened AS DOUBLE) / NULLIF(delivered, 0) AS open_rate,
       CAST(clicked AS DOUBLE) / NULLIF(delivered, 0) AS click_rate
  FROM messages
  FULL OUTER JOIN subscriptions ON messages.customer_key = subscriptions.customer_key
