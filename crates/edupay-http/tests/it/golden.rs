//! The documents' replies, key by key in their order.

use crate::client::Request;
use crate::fixtures::{
    CHARGE_ID, DOCUMENT, ORDER_NO, XIAOCHEN, at, attempt, fen, order, receipt, top_up_subject, user,
};
use crate::service::Ports;
use edupay_domain::ids::{OrderNo, ProductId, ProductPk};
use edupay_domain::orders::{OpenChargePlan, OpenedCharge, PaidOrder, PayPlan, PayView};
use edupay_domain::payments::{AttemptStatus, ChargeSubject};
use edupay_domain::products::Product;
use edupay_domain::store::EffectError;

const PROFILE: &str = concat!(
    r#"{"pk":1,"username":"15201052252","nickname":"晓辰","location":"河南新乡","avatar_url":"http://123.jpg","#,
    r#""website":"http://123.html","point":41,"birthday":"1993-09-22","level":"fresh","level_display":"益安新人","#,
    r#""credit":28,"credit_level":"pupil","credit_level_display":"益安小学生","account":"#
);

#[test]
fn a_filled_balance_answers_the_profile_of_the_document() {
    let mut ports = Ports::new();
    ports.charges.expect_find_attempt().returning(|_, _| Ok(Some(attempt(top_up_subject(), AttemptStatus::Paid))));
    ports.receipts.expect_find_receipt().returning(|_, _| Ok(Some(receipt())));
    ports.users.expect_find_user().returning(|id| Ok(Some(user(id.get()))));
    let service = ports.serve();
    for amount in ["", "&amount=99", "&amount=99.00"] {
        let form = format!("charge={CHARGE_ID}{amount}");
        let reply = service.call(Request::put("/pay/fill_in_balance/").token(XIAOCHEN).form(form)).expect(200);
        assert_eq!(reply.text(), format!("{PROFILE}\"200.50\"}}"));
        assert_eq!(reply.header("Cache-Control"), Some("no-store"));
    }
}

#[test]
fn an_order_paid_from_the_balance_answers_the_order_of_the_document() {
    let mut ports = Ports::new();
    ports.orders.expect_pay_from_balance().returning(|command, rule| {
        let view = PayView { wallet: user(1).wallet, order: Some(order()), owned: Vec::new() };
        match rule(command, &view).map_err(EffectError::Refused)? {
            PayPlan::Pay { order, posted, .. } => Ok(PaidOrder::Paid { order, wallet: posted.wallet }),
            PayPlan::AlreadyPaid { order, wallet } => Ok(PaidOrder::AlreadyPaid { order, wallet }),
        }
    });
    let service = ports.serve();
    let expected = format!(
        concat!(
            r#"{{"pk":1,"buyer":"15201052252","order_no":"12134676899915430002","courses":"1","#,
            r#""names":"collection的使用","count":1,"amount":"99.00","status":1,"flag":1,"channel":"balance","#,
            r#""create_time":"2016-06-15T03:53:50.598744Z","profile":{}"101.50"}}}}"#
        ),
        PROFILE
    );
    for path in ["/pay/pay_in_balance/", "/pay/pay_in_balance"] {
        let form = format!("order_no={ORDER_NO}&channel=balance");
        let reply = service.call(Request::put(path).token(XIAOCHEN).form(form)).expect(200);
        assert_eq!(reply.text(), expected);
        let json = format!(r#"{{"order_no":{ORDER_NO},"channel":"balance"}}"#);
        let reply = service.call(Request::put(path).token(XIAOCHEN).json(json)).expect(200);
        assert_eq!(reply.text(), expected);
    }
}

#[test]
fn a_charge_goes_out_byte_for_byte() {
    let mut ports = Ports::new();
    ports.orders.expect_open_charge().returning(|command, _| {
        assert_eq!(command.order_no, OrderNo::parse(ORDER_NO).unwrap());
        let attempt = attempt(ChargeSubject::Order(command.order_no.clone()), AttemptStatus::Open);
        Ok(OpenedCharge::Planned { order: order(), plan: OpenChargePlan::Reuse(attempt) })
    });
    let service = ports.serve();
    let form = format!("order_no={ORDER_NO}&channel=alipay");
    let reply = service.call(Request::put("/pay/pay_for_order/").token(XIAOCHEN).form(form)).expect(200);
    assert_eq!(reply.text(), format!(r#"{{"status":0,"message":"","ch":{DOCUMENT}}}"#));
}

#[test]
fn a_product_answers_as_in_the_document() {
    let product = |fen: u32| Product {
        pk: ProductPk::try_new(1).unwrap(),
        product_id: ProductId::parse("com.51ean.test.product1").unwrap(),
        price: crate::fixtures::fen(fen),
        created_at: at(),
    };
    let mut ports = Ports::new();
    ports.products.expect_create_product().returning(move |new| {
        assert_eq!(new.product_id.as_str(), "com.51ean.test.product1");
        Ok(Product { price: new.price, ..product(1) })
    });
    ports.products.expect_list_products().returning(move || Ok(vec![product(650)]));
    let service = ports.serve();
    let document = |price: &str| {
        let time = "2016-06-15T03:53:50.598744Z";
        format!(r#"{{"pk":1,"product_id":"com.51ean.test.product1","price":{price},"create_time":"{time}"}}"#)
    };
    for (given, shown) in [("6", "6"), ("6.5", "6.5"), ("8.00", "8")] {
        let form = format!("product_id=com.51ean.test.product1&price={given}");
        let reply = service.call(Request::post("/pay/products/").token(XIAOCHEN).form(form)).expect(201);
        assert_eq!(reply.text(), document(shown));
    }
    let reply = service.call(Request::get("/pay/products").token(XIAOCHEN)).expect(200);
    assert_eq!(reply.text(), format!("[{}]", document("6.5")));
    assert_eq!(fen(650).to_string(), "6.50");
}
