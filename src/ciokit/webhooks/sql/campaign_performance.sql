-- What each campaign, broadcast, newsletter and transactional message brought: one row for each of them and channel.
-- Every delivery counts once. A rate is a share from 0 to 1 of what was delivered, save for delivery_rate and
-- bounce_rate, which are of what was sent, and click_to_open_rate, which is of what people opened; click_to_open_rate
-- is empty for channels that report no openings. `source_id` is text, as a transactional message may go by its name.
WITH sourced AS (
    SELECT webhook_deliveries.*,
           CASE WHEN campaign_id IS NOT NULL THEN 'campaign'
                WHEN broadcast_id IS NOT NULL THEN 'broadcast'
                WHEN newsletter_id IS NOT NULL THEN 'newsletter'
                WHEN transactional_message_id IS NOT NULL THEN 'transactional'
                ELSE 'unknown' END AS source_type,
           COALESCE(CAST(campaign_id AS STRING), CAST(broadcast_id AS STRING), CAST(newsletter_id AS STRING),
                    transactional_message_id) AS source_id
      FROM webhook_deliveries
)
SELECT source_type,
       source_id,
       channel,
       MIN(sent_date) AS first_sent_date,
       MAX(sent_date) AS last_sent_date,
       COUNT(DISTINCT customer_key) AS customers,
       SUM(is_sent) AS sent,
       SUM(is_delivered) AS delivered,
       SUM(is_opened) AS opened,
       SUM(is_machine_opened) AS machine_opened,
       SUM(is_clicked) AS clicked,
       SUM(is_converted) AS converted,
       SUM(is_unsubscribed) AS unsubscribed,
       SUM(is_spammed) AS spammed,
       SUM(is_replied) AS replied,
       SUM(is_bounced) AS bounced,
       SUM(is_dropped) AS dropped,
       SUM(is_failed) AS failed,
       SUM(is_undeliverable) AS undeliverable,
       CAST(SUM(is_delivered) AS DOUBLE) / NULLIF(SUM(is_sent), 0) AS delivery_rate,
       CAST(SUM(is_bounced) AS DOUBLE) / NULLIF(SUM(is_sent), 0) AS bounce_rate,
       CAST(SUM(is_opened) AS DOUBLE) / NULLIF(SUM(is_delivered), 0) AS open_rate,
       CAST(SUM(is_clicked) AS DOUBLE) / NULLIF(SUM(is_delivered), 0) AS click_rate,
       CASE WHEN channel IN ('email', 'push', 'in_app', 'whatsapp')
            THEN CAST(SUM(is_clicked) AS DOUBLE) / NULLIF(SUM(is_opened), 0) END AS click_to_open_rate,
       CAST(SUM(is_converted) AS DOUBLE) / NULLIF(SUM(is_delivered), 0) AS conversion_rate,
       CAST(SUM(is_unsubscribed) AS DOUBLE) / NULLIF(SUM(is_delivered), 0) AS unsubscribe_rate
  FROM sourced
 GROUP BY source_type, source_id, channel
