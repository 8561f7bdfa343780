//! Every entry, leg by leg: what it is called, what it refers to, what is on its left and on its right.

use super::*;
use crate::ids::{ChargeId, OrderNo, RefundNo, TopUpNo, UserId};
use crate::money::Money;

fn fen(amount: u32) -> Money {
    Money::from_fen_u32(amount)
}

/// As the books would show it: `kind reference: debit > credit amount, …`.
fn told(entry: Result<JournalEntry, LedgerError>) -> String {
    let entry = entry.unwrap();
    let leg = |leg: &Transfer| format!("{} > {} {}", leg.debit.code(), leg.credit.code(), leg.amount.fen());
    let legs: Vec<_> = entry.transfers().iter().map(leg).collect();
    format!("{} {}: {}", entry.kind().code(), entry.reference(), legs.join(", "))
}

fn wallet(debt: u32) -> Wallet {
    Wallet { debt: fen(debt), ..Wallet::new(UserId::try_new(1).unwrap()) }
}

fn split() -> Split {
    Split { bonus: fen(1), iap: fen(2), cash: fen(3) }
}

fn recovery() -> Recovery {
    Recovery { taken: split(), owed: fen(4) }
}

fn back() -> Return {
    Return { debt: fen(4), into: split() }
}

#[test]
fn a_payment_and_a_charge_move_what_they_say() {
    let charge = ChargeId::parse("ch_1").unwrap();
    for (entry, expected) in [
        (
            pay_from_balance(&OrderNo::parse("11").unwrap(), split()),
            "pay_from_balance 11: user_bonus > course_revenue 1, user_iap > course_revenue 2, user_cash > course_revenue 3",
        ),
        (confirm_order_charge(&charge, fen(5)), "confirm_order_charge ch_1: gateway_receivable > course_revenue 5"),
        (
            confirm_purchase_charge(&charge, fen(5)),
            "confirm_purchase_charge ch_1: gateway_receivable > package_revenue 5",
        ),
        (
            credit_top_up(&TopUpNo::parse("31").unwrap(), &wallet(2), fen(5), fen(7)),
            "credit_top_up 31: gateway_receivable > user_debt 2, gateway_receivable > user_cash 3, \
             adjustments > user_bonus 7",
        ),
        (
            keep_unapplied_receipt(&charge, fen(5)),
            "keep_unapplied_receipt ch_1: gateway_receivable > unapplied_receipts 5",
        ),
        (
            refund_unapplied_receipt(&charge, fen(5)),
            "refund_unapplied_receipt ch_1: unapplied_receipts > gateway_receivable 5",
        ),
        (adjust_balance("a gift", Bucket::Iap, fen(5)), "adjust_balance a gift: adjustments > user_iap 5"),
    ] {
        assert_eq!(told(entry), expected);
    }
}

#[test]
fn money_of_the_app_store_and_its_play_money_never_mix() {
    for (entry, expected) in [
        (
            credit_app_store_purchase("t", &wallet(2), fen(5)),
            "credit_app_store_purchase t: app_store_receivable > user_debt 2, app_store_receivable > user_iap 3",
        ),
        (credit_app_store_play_money("t", fen(5)), "credit_app_store_purchase t: app_store_sandbox > user_bonus 5"),
        (
            claw_back_app_store_purchase("t", recovery()),
            "claw_back_app_store_purchase t: user_iap > app_store_receivable 2, user_bonus > app_store_receivable 1, \
             user_cash > app_store_receivable 3, user_debt > app_store_receivable 4",
        ),
        (
            claw_back_app_store_play_money("t", fen(5)),
            "claw_back_app_store_purchase t: user_bonus > app_store_sandbox 5",
        ),
        (
            restore_app_store_purchase("t", back()),
            "restore_app_store_purchase t: app_store_receivable > user_debt 4, app_store_receivable > user_iap 2, \
             app_store_receivable > user_bonus 1, app_store_receivable > user_cash 3",
        ),
        (restore_app_store_play_money("t", fen(5)), "restore_app_store_purchase t: app_store_sandbox > user_bonus 5"),
    ] {
        assert_eq!(told(entry), expected);
    }
}

#[test]
fn what_goes_back_comes_out_of_what_was_earned_and_the_rest_out_of_the_user() {
    let number = RefundNo::parse("R-1").unwrap();
    let by_gateway = MoneyBack::ByGateway { earned: fen(9), recovery: recovery() };
    let taken = "user_cash > gateway_receivable 3, user_iap > gateway_receivable 2, \
                 user_bonus > gateway_receivable 1, user_debt > gateway_receivable 4";
    for (entry, expected) in [
        (
            refund_order(&number, MoneyBack::IntoBalances(back())),
            "refund_order R-1: course_revenue > user_debt 4, course_revenue > user_cash 3, \
             course_revenue > user_iap 2, course_revenue > user_bonus 1"
                .to_owned(),
        ),
        (
            refund_order(&number, by_gateway),
            format!("refund_order R-1: course_revenue > gateway_receivable 9, {taken}"),
        ),
        (
            refund_purchase(&number, by_gateway),
            format!("refund_purchase R-1: package_revenue > gateway_receivable 9, {taken}"),
        ),
        (
            claw_back_top_up(&number, recovery(), fen(7)),
            format!("claw_back_top_up R-1: {taken}, user_bonus > adjustments 7"),
        ),
    ] {
        assert_eq!(told(entry), expected);
    }
}

#[test]
fn legs_of_nothing_are_left_out_and_an_entry_of_nothing_is_none() {
    let number = RefundNo::parse("R-1").unwrap();
    let nothing = Recovery { taken: Split { cash: fen(3), ..Split::default() }, owed: Money::ZERO };
    let expected = "claw_back_top_up R-1: user_cash > gateway_receivable 3";
    assert_eq!(told(claw_back_top_up(&number, nothing, Money::ZERO)), expected);
    assert_eq!(claw_back_top_up(&number, Recovery::default(), Money::ZERO), Err(LedgerError::Empty));
    assert_eq!(adjust_balance("a gift", Bucket::Cash, Money::ZERO), Err(LedgerError::Empty));
}

#[test]
fn lines_of_one_account_and_side_are_one_line() {
    let leg = |debit, credit, amount| Transfer { debit, credit, amount: fen(amount) };
    let (cash, bonus) = (LedgerAccount::User(Bucket::Cash), LedgerAccount::User(Bucket::Bonus));
    let revenue = LedgerAccount::CourseRevenue;
    let transfers = [leg(cash, revenue, 1), leg(bonus, revenue, 2), leg(revenue, cash, 4), leg(cash, revenue, 8)];
    let entry = JournalEntry::from_transfers(EntryKind::PayFromBalance, "11", transfers).unwrap();
    let line = |account, direction, amount| Posting { account, direction, amount: fen(amount) };
    let expected = [
        line(cash, Direction::Debit, 9),
        line(revenue, Direction::Credit, 11),
        line(bonus, Direction::Debit, 2),
        line(revenue, Direction::Debit, 4),
        line(cash, Direction::Credit, 4),
    ];
    assert_eq!((entry.postings(), entry.transfers()), (&expected[..], &transfers[..]));
    let most = [leg(cash, revenue, 1), Transfer { debit: cash, credit: revenue, amount: Money::MAX }];
    let sum = JournalEntry::from_transfers(EntryKind::PayFromBalance, "11", most);
    assert_eq!(sum, Err(LedgerError::Overflow));
}
