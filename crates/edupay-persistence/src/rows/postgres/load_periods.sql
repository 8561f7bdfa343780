-- What the students have of the projects of these purchases; the wallets are locked already.
SELECT asked.nth,
       period.user_id, period.purchase_no, period.line, period.project_id, period.package_id,
       period.starts_on, period.ends_on, period.term_starts_on, period.list_price_fen,
       period.superseded_by, period.superseded_on, period.ended_on, period.resumed_on
FROM unnest($1, $2) WITH ORDINALITY AS asked (user_id, purchase_no, nth)
JOIN purchases AS purchase ON purchase.user_id = asked.user_id AND purchase.purchase_no = asked.purchase_no
JOIN service_periods AS period
  ON period.user_id = purchase.user_id AND period.project_id = purchase.project_id
