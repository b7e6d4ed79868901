-- What happened to messages, of all channels in one shape: one row for each event.
-- A machine's opening or click is told apart: `by_machine` is true where the service flagged it as such.
SELECT event_id, 'email' AS channel, metric, event_timestamp, event_date, delivery_id, campaign_id, broadcast_id,
       newsletter_id, transactional_message_id, trigger_id, content_id, action_id, journey_id, customer_id, id, email,
       cio_id, failure_message,
       COALESCE(CASE WHEN metric = 'opened' THEN prefetched WHEN metric = 'clicked' THEN machine END, FALSE)
           AS by_machine,
       COALESCE(metric = 'opened' AND synthetic, FALSE) AS inferred
  FROM webhook_email_events
UNION ALL
SELECT event_id, 'push', metric, event_timestamp, event_date, delivery_id, campaign_id, broadcast_id,
       newsletter_id, transactional_message_id, trigger_id, content_id, action_id, journey_id, customer_id, id, email,
       cio_id, failure_message, FALSE, FALSE
  FROM webhook_push_events
UNION ALL
SELECT event_id, 'sms', metric, event_timestamp, event_date, delivery_id, campaign_id, broadcast_id,
       newsletter_id, transactional_message_id, trigger_id, content_id, action_id, journey_id, customer_id, id, email,
       cio_id, failure_message, FALSE, FALSE
  FROM webhook_sms_events
UNION ALL
SELECT event_id, 'in_app', metric, event_timestamp, event_date, delivery_id, campaign_id, broadcast_id,
       newsletter_id, transactional_message_id, trigger_id, content_id, action_id, journey_id, customer_id, id, email,
       cio_id, failure_message, FALSE, FALSE
  FROM webhook_in_app_events
UNION ALL
SELECT event_id, 'slack', metric, event_timestamp, event_date, delivery_id, campaign_id, broadcast_id,
       newsletter_id, transactional_message_id, trigger_id, content_id, action_id, journey_id, customer_id, id, email,
       cio_id, failure_message, FALSE, FALSE
  FROM webhook_slack_events
UNION ALL
SELECT event_id, 'webhook', metric, event_timestamp, event_date, delivery_id, campaign_id, broadcast_id,
       newsletter_id, transactional_message_id, trigger_id, content_id, action_id, journey_id, customer_id, id, email,
       cio_id, failure_message, FALSE, FALSE
  FROM webhook_webhook_events
UNION ALL
SELECT event_id, 'whatsapp', metric, event_timestamp, event_date, delivery_id, campaign_id, broadcast_id,
       newsletter_id, transactional_message_id, trigger_id, content_id, action_id, journey_id, customer_id, id, email,
       cio_id, failure_message, FALSE, FALSE
  FROM webhook_whatsapp_events
