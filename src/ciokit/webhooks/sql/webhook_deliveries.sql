-- One row for each delivery, with what became of it as 0 or 1.
-- Events arrive in any order and some are not subscribed to, so a later step stands for the earlier ones: what was
-- clicked was delivered. Slack, in-app and webhook messages are never reported as delivered: sent is delivered there.
-- Openings and clicks are those of people: none that the service flagged as a machine's or a prefetch. An opening that
-- it inferred from a click counts where a person clicked.
WITH steps AS (
    SELECT delivery_id,
           MAX(channel) AS channel,
           MAX(campaign_id) AS campaign_id,
           MAX(broadcast_id) AS broadcast_id,
           MAX(newsletter_id) AS newsletter_id,
           MAX(transactional_message_id) AS transactional_message_id,
           MAX(trigger_id) AS trigger_id,
           MAX(content_id) AS content_id,
           MAX(action_id) AS action_id,
           MAX(journey_id) AS journey_id,
           COALESCE(MAX(cio_id), MAX(id), MAX(email)) AS customer_key,
           MAX(cio_id) AS cio_id,
           MAX(id) AS id,
           MAX(email) AS email,
           COALESCE(MIN(CASE WHEN metric = 'sent' THEN event_timestamp END), MIN(event_timestamp)) AS sent_at,
           COALESCE(MIN(CASE WHEN metric = 'sent' THEN event_date END), MIN(event_date)) AS sent_date,
           MAX(event_timestamp) AS last_event_at,
           MAX(CASE WHEN metric IN ('opened', 'clicked', 'converted', 'replied') AND NOT by_machine AND NOT inferred
                    THEN event_timestamp END) AS last_engaged_at,
           MAX(CASE WHEN metric = 'sent' THEN 1 ELSE 0 END) AS has_sent,
           MAX(CASE WHEN metric = 'bounced' THEN 1 ELSE 0 END) AS is_bounced,
           MAX(CASE WHEN metric IN ('delivered', 'opened', 'clicked', 'converted', 'unsubscribed', 'spammed', 'replied')
                    THEN 1 ELSE 0 END) AS has_arrived,
           MAX(CASE WHEN metric = 'opened' AND NOT by_machine AND NOT inferred THEN 1 ELSE 0 END) AS has_opened,
           MAX(CASE WHEN metric = 'opened' AND by_machine THEN 1 ELSE 0 END) AS has_machine_opened,
           MAX(CASE WHEN metric = 'clicked' AND NOT by_machine THEN 1 ELSE 0 END) AS is_clicked,
           MAX(CASE WHEN metric = 'converted' THEN 1 ELSE 0 END) AS is_converted,
           MAX(CASE WHEN metric = 'unsubscribed' THEN 1 ELSE 0 END) AS is_unsubscribed,
           MAX(CASE WHEN metric = 'spammed' THEN 1 ELSE 0 END) AS is_spammed,
           MAX(CASE WHEN metric = 'replied' THEN 1 ELSE 0 END) AS is_replied,
           MAX(CASE WHEN metric = 'dropped' THEN 1 ELSE 0 END) AS is_dropped,
           MAX(CASE WHEN metric = 'failed' THEN 1 ELSE 0 END) AS is_failed,
           MAX(CASE WHEN metric = 'undeliverable' THEN 1 ELSE 0 END) AS is_undeliverable
      FROM webhook_message_events
     WHERE delivery_id IS NOT NULL
     GROUP BY delivery_id
)
SELECT delivery_id, channel, campaign_id, broadcast_id, newsletter_id, transactional_message_id, trigger_id, content_id,
       action_id, journey_id, customer_key, cio_id, id, email, sent_at, sent_date, last_event_at,
       last_engaged_at,
       CASE WHEN has_sent = 1 OR is_bounced = 1 OR has_arrived = 1 THEN 1 ELSE 0 END AS is_sent,
       CASE WHEN has_arrived = 1 OR (has_sent = 1 AND is_bounced = 0 AND channel IN ('slack', 'in_app', 'webhook'))
            THEN 1 ELSE 0 END AS is_delivered,
       CASE WHEN has_opened = 1 OR (is_clicked = 1 AND channel IN ('email', 'push', 'in_app', 'whatsapp'))
            THEN 1 ELSE 0 END AS is_opened,
       CASE WHEN has_machine_opened = 1 AND has_opened = 0 AND is_clicked = 0 THEN 1 ELSE 0 END AS is_machine_opened,
       is_clicked, is_converted, is_unsubscribed, is_spammed, is_replied, is_bounced, is_dropped, is_failed,
       is_undeliverable
  FROM steps
