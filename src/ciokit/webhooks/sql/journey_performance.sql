-- How people get through campaigns and broadcasts: one row for each of their actions, counted in journeys.
-- A journey is one person's way through a campaign or broadcast, and counts once however many deliveries it has. What
-- was sent without one (newsletters, transactional messages) is left out. Rates are as in campaign_performance.
WITH journeys AS (
    SELECT campaign_id,
           broadcast_id,
           action_id,
           channel,
           journey_id,
           MIN(sent_at) AS reached_at,
           MAX(is_sent) AS is_sent,
           MAX(is_delivered) AS is_delivered,
           MAX(is_opened) AS is_opened,
           MAX(is_clicked) AS is_clicked,
           MAX(is_converted) AS is_converted,
           MAX(is_unsubscribed) AS is_unsubscribed
      FROM webhook_deliveries
     WHERE journey_id IS NOT NULL
     GROUP BY campaign_id, broadcast_id, action_id, channel, journey_id
)
SELECT campaign_id,
       broadcast_id,
       action_id,
       channel,
       COUNT(*) AS journeys,
       MIN(reached_at) AS first_reached_at,
       MAX(reached_at) AS last_reached_at,
       CAST(SUM(is_sent) AS BIGINT) AS sent,
       CAST(SUM(is_delivered) AS BIGINT) AS delivered,
       CAST(SUM(is_opened) AS BIGINT) AS opened,
       CAST(SUM(is_clicked) AS BIGINT) AS clicked,
       CAST(SUM(is_converted) AS BIGINT) AS converted,
       CAST(SUM(is_unsubscribed) AS BIGINT) AS unsubscribed,
       CAST(SUM(is_delivered) AS DOUBLE) / NULLIF(SUM(is_sent), 0) AS delivery_rate,
       CAST(SUM(is_opened) AS DOUBLE) / NULLIF(SUM(is_delivered), 0) AS open_rate,
       CAST(SUM(is_clicked) AS DOUBLE) / NULLIF(SUM(is_delivered), 0) AS click_rate,
       CAST(SUM(is_converted) AS DOUBLE) / NULLIF(SUM(is_delivered), 0) AS conversion_rate
  FROM journeys
 GROUP BY campaign_id, broadcast_id, action_id, channel
