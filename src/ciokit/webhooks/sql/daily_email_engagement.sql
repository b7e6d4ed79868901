-- E-mails by the UTC day they were sent on, with what became of them until now; one row for each day.
-- Each delivery counts once and under the day it was sent on, so that no rate exceeds 1.
SELECT sent_date,
       CAST(SUM(is_sent) AS BIGINT) AS sent,
       CAST(SUM(is_delivered) AS BIGINT) AS delivered,
       CAST(SUM(is_opened) AS BIGINT) AS opened,
       CAST(SUM(is_machine_opened) AS BIGINT) AS machine_opened,
       CAST(SUM(is_clicked) AS BIGINT) AS clicked,
       CAST(SUM(is_converted) AS BIGINT) AS converted,
       CAST(SUM(is_unsubscribed) AS BIGINT) AS unsubscribed,
       CAST(SUM(is_spammed) AS BIGINT) AS spammed,
       CAST(SUM(is_bounced) AS BIGINT) AS bounced,
       CAST(SUM(is_delivered) AS DOUBLE) / NULLIF(SUM(is_sent), 0) AS delivery_rate,
       CAST(SUM(is_bounced) AS DOUBLE) / NULLIF(SUM(is_sent), 0) AS bounce_rate,
       CAST(SUM(is_opened) AS DOUBLE) / NULLIF(SUM(is_delivered), 0) AS open_rate,
       CAST(SUM(is_clicked) AS DOUBLE) / NULLIF(SUM(is_delivered), 0) AS click_rate,
       CAST(SUM(is_clicked) AS DOUBLE) / NULLIF(SUM(is_opened), 0) AS click_to_open_rate,
       CAST(SUM(is_converted) AS DOUBLE) / NULLIF(SUM(is_delivered), 0) AS conversion_rate,
       CAST(SUM(is_unsubscribed) AS DOUBLE) / NULLIF(SUM(is_delivered), 0) AS unsubscribe_rate,
       CAST(SUM(is_spammed) AS DOUBLE) / NULLIF(SUM(is_delivered), 0) AS spam_rate
  FROM webhook_deliveries
 WHERE channel = 'email' AND is_sent = 1
 GROUP BY sent_date
