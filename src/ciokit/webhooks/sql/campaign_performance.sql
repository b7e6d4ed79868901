-- What each campaign, broadcast, newsletter and transactional message brought: one row for each of them and channel.
-- Every delivery counts once. A rate is a share from 0 to 1 of what was delivered, save for delivery_rate and
-- bounce_rate, which are of what was sent, and click_to_open_rate, which is of what people opened; click_to_open_rate
-- is empty for channels that report no openings. `source_id` is text, as a transactional message may go by its name.
WITH sourced AS (
    SELECT deliveries.*,
           CASE WHEN campaign_id IS NOT NULL THEN 'campaign'
                WHEN broadcast_id IS NOT NULL THEN 'broadcast'
                WHEN newsletter_id IS NOT NULL THEN 'newsletter'
                WHEN transactional_message_id IS NOT NULL THEN 'transactional'
                ELSE 'unknown' END AS source_type,
           COALESCE(CAST(campaign_id AS STRING), CAST(broadcast_id AS STRING), CAST(newsletter_id AS STRING),
                    transactional_message_id) AS source_id
      FROM webhook_deliveries AS deliveries
)
SELECT source_type,
       source_id,
       channel,
       MIN(sent_date) AS first_sent_date,
       MAX(sent_date) AS last_sent_date,
       COUNT(DISTINCT customer_key) AS customers,
       CAST(SUM(is_sent) AS BIGINT) AS sent,
       CAST(SUM(is_delivered) AS BIGINT) AS delivered,
       CAST(SUM(is_opened) AS BIGINT) AS opened,
       CAST(SUM(is_machine_opened) AS BIGINT) AS machine_opened,
       CAST(SUM(is_clicked) AS BIGINT) AS clicked,
       CAST(SUM(is_converted) AS BIGINT) AS converted,
       CAST(SUM(is_unsubscribed) AS BIGINT) AS unsubscribed,
       CAST(SUM(is_spammed) AS BIGINT) AS spammed,
       CAST(SUM(is_replied) AS BIGINT) AS replied,
       CAST(SUM(is_bounced) AS BIGINT) AS bounced,
       CAST(SUM(is_dropped) AS BIGINT) AS dropped,
       CAST(SUM(is_failed) AS BIGINT) AS failed,
       CAST(SUM(is_undeliverable) AS BIGINT) AS undeliverable,
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
