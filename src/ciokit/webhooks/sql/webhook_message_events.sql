-- What happened to messages, of all channels in one shape: one row for each event.
-- `by_machine` is true of an opening or a click that the service flagged as a machine's or a prefetch, `inferred` of an
-- opening that it inferred from a click. `customer_key` is the cio_id where the workspace reports one, otherwise the
-- id, otherwise the e-mail address. The ids of people who were deleted are blank (webhooks spec, webhook_customer_id):
-- their events have none.
WITH events AS (
    SELECT object_type AS channel, event_id, metric, event_timestamp, event_date, delivery_id, campaign_id,
           broadcast_id, newsletter_id, transactional_message_id, trigger_id, content_id, action_id, journey_id, cio_id,
           id, customer_id, email, failure_message, prefetched, machine, synthetic
      FROM webhook_email_events
    UNION ALL
    SELECT object_type, event_id, metric, event_timestamp, event_date, delivery_id, campaign_id, broadcast_id,
           newsletter_id, transactional_message_id, trigger_id, content_id, action_id, journey_id, cio_id, id,
           customer_id, email, failure_message, FALSE, FALSE, FALSE
      FROM webhook_push_events
    UNION ALL
    SELECT object_type, event_id, metric, event_timestamp, event_date, delivery_id, campaign_id, broadcast_id,
           newsletter_id, transactional_message_id, trigger_id, content_id, action_id, journey_id, cio_id, id,
           customer_id, email, failure_message, FALSE, FALSE, FALSE
      FROM webhook_sms_events
    UNION ALL
    SELECT object_type, event_id, metric, event_timestamp, event_date, delivery_id, campaign_id, broadcast_id,
           newsletter_id, transactional_message_id, trigger_id, content_id, action_id, journey_id, cio_id, id,
           customer_id, email, failure_message, FALSE, FALSE, FALSE
      FROM webhook_in_app_events
    UNION ALL
    SELECT object_type, event_id, metric, event_timestamp, event_date, delivery_id, campaign_id, broadcast_id,
           newsletter_id, transactional_message_id, trigger_id, content_id, action_id, journey_id, cio_id, id,
           customer_id, email, failure_message, FALSE, FALSE, FALSE
      FROM webhook_slack_events
    UNION ALL
    SELECT object_type, event_id, metric, event_timestamp, event_date, delivery_id, campaign_id, broadcast_id,
           newsletter_id, transactional_message_id, trigger_id, content_id, action_id, journey_id, cio_id, id,
           customer_id, email, failure_message, FALSE, FALSE, FALSE
      FROM webhook_webhook_events
    UNION ALL
    SELECT object_type, event_id, metric, event_timestamp, event_date, delivery_id, campaign_id, broadcast_id,
           newsletter_id, transactional_message_id, trigger_id, content_id, action_id, journey_id, cio_id, id,
           customer_id, email, failure_message, FALSE, FALSE, FALSE
      FROM webhook_whatsapp_events
)
SELECT event_id,
       channel,
       metric,
       event_timestamp,
       event_date,
       NULLIF(delivery_id, '') AS delivery_id,
       campaign_id,
       broadcast_id,
       newsletter_id,
       transactional_message_id,
       trigger_id,
       content_id,
       action_id,
       journey_id,
       COALESCE(NULLIF(cio_id, ''), NULLIF(id, ''), NULLIF(customer_id, ''), NULLIF(email, '')) AS customer_key,
       NULLIF(cio_id, '') AS cio_id,
       COALESCE(NULLIF(id, ''), NULLIF(customer_id, '')) AS id,
       NULLIF(email, '') AS email,
       failure_message,
       metric IN ('opened', 'clicked') AND (COALESCE(prefetched, FALSE) OR COALESCE(machine, FALSE)) AS by_machine,
       metric = 'opened' AND COALESCE(synthetic, FALSE) AS inferred
  FROM events
