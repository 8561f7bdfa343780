//! What each event says of itself: its type and its payload, field by field, as receivers read them.

use super::*;

/// A payload as one line: `name=value`, money with its unit.
fn told(body: &EventBody) -> String {
    let field = |(name, field): (&str, EventField)| match field {
        EventField::Text(text) => format!("{name}={text}"),
        EventField::Money(money) => format!("{name}={} fen", money.fen()),
    };
    body.fields().into_iter().map(field).collect::<Vec<_>>().join(" ")
}

fn fen(amount: u32) -> Money {
    Money::from_fen_u32(amount)
}

fn thing() -> RefundedThing {
    RefundedThing { subject: "order", subject_no: "11".to_owned(), refund_no: RefundNo::parse("R-1").unwrap() }
}

#[test]
fn each_event_tells_its_type_and_its_payload() {
    let order_no = || OrderNo::parse("11").unwrap();
    let purchase_no = || PurchaseNo::parse("41").unwrap();
    let record_id = || PurchaseRecordId::parse("4101").unwrap();
    let charge_id = || ChargeId::parse("ch_1").unwrap();
    let transaction_id = || TransactionId::parse("t1").unwrap();
    let refund_no = || RefundNo::parse("R-1").unwrap();
    let (amount, debt) = (fen(100), fen(30));
    let (transaction, refund) = (
        "transaction_id=t1 amount_fen=100 fen debt_fen=30 fen",
        "subject=order subject_no=11 refund_no=R-1 amount_fen=100 fen",
    );
    let bodies = [
        (
            EventBody::OrderPaid { order_no: order_no(), amount, channel: "balance" },
            "order_no=11 amount_fen=100 fen channel=balance",
        ),
        (EventBody::OrderCancelled { order_no: order_no() }, "order_no=11"),
        (EventBody::OrderClosed { order_no: order_no() }, "order_no=11"),
        (
            EventBody::PurchasePaid { purchase_no: purchase_no(), amount, channel: "wx", kind: "new" },
            "purchase_no=41 amount_fen=100 fen channel=wx kind=new",
        ),
        (EventBody::PurchaseClosed { purchase_no: purchase_no() }, "purchase_no=41"),
        (
            EventBody::TopUpCredited { top_up_no: TopUpNo::parse("31").unwrap(), amount, bonus: fen(7) },
            "top_up_no=31 amount_fen=100 fen bonus_fen=7 fen",
        ),
        (
            EventBody::ReceiptUnapplied { charge_id: charge_id(), amount, reason: "order_closed" },
            "charge_id=ch_1 amount_fen=100 fen reason=order_closed",
        ),
        (
            EventBody::ReceiptRefunded { charge_id: charge_id(), refund_id: RefundId::parse("re_1").unwrap(), amount },
            "charge_id=ch_1 refund_id=re_1 amount_fen=100 fen",
        ),
        (EventBody::AppStoreCredited { transaction_id: transaction_id(), amount, debt }, transaction),
        (EventBody::AppStoreClawedBack { transaction_id: transaction_id(), amount, debt }, transaction),
        (EventBody::AppStoreRestored { transaction_id: transaction_id(), amount, debt }, transaction),
        (EventBody::RefundRequested { thing: thing(), amount }, refund),
        (
            EventBody::RefundSucceeded { thing: thing(), amount, recovered: fen(5), origin: "staff" },
            "subject=order subject_no=11 refund_no=R-1 amount_fen=100 fen recovered_fen=5 fen origin=staff",
        ),
        (
            EventBody::RefundFailed { thing: thing(), amount, failure: "closed".to_owned() },
            "subject=order subject_no=11 refund_no=R-1 amount_fen=100 fen failure=closed",
        ),
        (EventBody::RefundRejected { thing: thing(), amount }, refund),
        (
            EventBody::EntitlementEnded {
                order_no: order_no(),
                course_id: CourseId::try_new(5).unwrap(),
                refund_no: refund_no(),
            },
            "order_no=11 course_id=5 refund_no=R-1",
        ),
        (EventBody::PeriodEnded { record_id: record_id(), refund_no: refund_no() }, "record_id=4101 refund_no=R-1"),
        (EventBody::PeriodLeft { record_id: record_id(), refund_no: refund_no() }, "record_id=4101 refund_no=R-1"),
        (
            EventBody::ReviewDecided {
                item: "receipt-ch_1".to_owned(),
                action: "close",
                reason: "settled".to_owned(),
                by: UserId::try_new(9).unwrap(),
            },
            "item=receipt-ch_1 action=close reason=settled by=9",
        ),
        (EventBody::BalanceAdjusted { amount, reason: "a gift".to_owned() }, "amount_fen=100 fen reason=a gift"),
    ];
    let told: Vec<_> = bodies.iter().map(|(body, _)| told(body)).collect();
    assert_eq!(told, bodies.iter().map(|(_, payload)| *payload).collect::<Vec<_>>());
    let kinds: Vec<_> = bodies.iter().map(|(body, _)| body.kind()).collect();
    assert_eq!(kinds, EventBody::KINDS, "one of each type, in the order of the list");
}
