-- E-mails by the UTC day they were sent on, with what became of them until now; one row for each day.
-- Each delivery counts once and under the day it was sent on, so that no rate exceeds 1.
SELECT sent_date,
       SUM(is_sent) AS sent,
       SUM(is_delivered) AS delivered,
       SUM(is_opened) AS opened,
       SUM(is_machine_opened) AS machine_opened,
       SUM(is_clicked) AS clicked,
       SUM(is_converted) AS converted,
       SUM(is_unsubscribed) AS unsubscribed,
       SUM(is_spammed) AS spammed,
       SUM(is_bounced) AS bounced,
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
