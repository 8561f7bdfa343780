-- What the charge of a purchase is judged by, but for periods: one row per record, each with the project
-- and the package as they are now; the wallets are locked already.
SELECT asked.nth,
       purchase.user_id, purchase.purchase_no, purchase.buyer_id, purchase.kind, purchase.project_id,
       purchase.project_name, purchase.holder_name, purchase.holder_card_no, purchase.holder_imei,
       purchase.holder_sim, purchase.holder_grade_name, purchase.holder_class_name, purchase.holder_mobile,
       purchase.amount_fen, purchase.status, purchase.created_at, purchase.expires_at, purchase.paid_at,
       purchase.paid_through, purchase.paid_charge_id, purchase.refunded_fen,
       record.user_id, record.purchase_no, record.line, record.package_id, record.item_name,
       record.list_price_fen, record.price_fen, record.term_months, record.basis, record.replaces,
       record.follows,
       project.project_id, project.school_id, project.name, project.kind, project.selection,
       project.channels, project.wx_account, project.alipay_account, project.union_pay_account,
       project.description, project.protocol_url, project.upgrade_pricing, project.withdrawn_since,
       package.package_id, package.project_id, package.name, package.price_text, package.list_price_fen,
       package.term_months, package.rank, package.description, package.details, package.withdrawn_since
FROM unnest($1, $2) WITH ORDINALITY AS asked (user_id, purchase_no, nth)
JOIN purchases AS purchase ON purchase.user_id = asked.user_id AND purchase.purchase_no = asked.purchase_no
LEFT JOIN purchase_records AS record
       ON record.user_id = purchase.user_id AND record.purchase_no = purchase.purchase_no
LEFT JOIN projects AS project ON project.project_id = purchase.project_id
LEFT JOIN packages AS package ON package.package_id = record.package_id
