//! What students do in the App Store, and what the App Store tells of it.

use super::Shared;
use super::call::ask;
use crate::app_store::{News, Purchase};
use crate::history::{Outcome, Wish};
use crate::http::Request;
use crate::random::Random;
use crate::world::{PRODUCT_FEN, USERS, token};
use serde_json::json;
use std::time::Duration;

/// A purchase, brought by its device, told by the App Store, or both at once; often more than once, and
/// sometimes given back.
pub(super) fn buy_in_the_app_store(shared: &Shared, random: &mut Random, user: i64) {
    if random.chance(15)
        && let Some(old) = shared.some_purchase(random)
    {
        // A device that comes with something that it should have forgotten long ago.
        redeem(shared, random, &old, &old.signed);
        return;
    }
    let quantity = i64::try_from(random.between(1, 3)).unwrap_or(1);
    let purchase = match shared.app_store.sell(user, quantity) {
        Ok(purchase) => purchase,
        Err(error) => return shared.history.note_oddity(format!("the harness can't sign: {error}")),
    };
    shared.remember_purchase(&purchase);
    match random.below(10) {
        0..6 => redeem(shared, random, &purchase, &purchase.signed),
        6..8 => at_once(shared, random, &purchase),
        // A device that never comes back.
        _ => tell(shared, random, &purchase, News::Bought),
    }
    if random.chance(25) {
        redeem(shared, random, &purchase, &purchase.signed);
    }
    if random.chance(5) {
        redeem_for_another(shared, random, &purchase);
    }
    if random.chance(25) {
        tell(shared, random, &purchase, News::Refunded);
        if random.chance(30) {
            tell(shared, random, &purchase, News::Reversed);
        }
        if random.chance(30) {
            redeem(shared, random, &purchase, &purchase.signed);
        }
    }
}

/// The device, twice and under keys of its own, and the App Store.
fn at_once(shared: &Shared, random: &mut Random, purchase: &Purchase) {
    let (mut second, mut store) = (random.branch(3), random.branch(4));
    let pause = Duration::from_millis(random.below(12));
    // The same purchase in another text.
    let again = match shared.app_store.transaction(purchase, false) {
        Ok(again) => again,
        Err(error) => return shared.history.note_oddity(format!("the harness can't sign: {error}")),
    };
    std::thread::scope(|scope| {
        scope.spawn(|| redeem(shared, &mut second, purchase, &again));
        scope.spawn(|| {
            std::thread::sleep(pause);
            tell(shared, &mut store, purchase, News::Bought);
        });
        redeem(shared, random, purchase, &purchase.signed);
    });
}

fn fen(purchase: &Purchase) -> i64 {
    purchase.quantity.saturating_mul(PRODUCT_FEN)
}

fn request(signed: &str, user: i64) -> Request {
    Request::new("PUT", "/pay/fill_in_balance/").token(token(user)).json(&json!({ "transaction": signed }))
}

fn redeem(shared: &Shared, random: &mut Random, purchase: &Purchase, signed: &str) {
    let wish = Wish::RedeemPurchase { transaction: purchase.transaction.clone(), fen: fen(purchase) };
    ask(shared, random, purchase.user, wish, &request(signed, purchase.user));
}

/// Another user has no luck with it, whatever happens meanwhile.
fn redeem_for_another(shared: &Shared, random: &mut Random, purchase: &Purchase) {
    let another = purchase.user.rem_euclid(USERS).saturating_add(1);
    let wish = Wish::StealPurchase { transaction: purchase.transaction.clone() };
    if ask(shared, random, another, wish, &request(&purchase.signed, another)).is_some() {
        let transaction = &purchase.transaction;
        shared.history.note_oddity(format!("I10: user {another} was given {transaction} of user {}", purchase.user));
    }
}

/// A notification, which the App Store sends again until it is answered well, and at times after that.
fn tell(shared: &Shared, random: &mut Random, purchase: &Purchase, news: News) {
    let notification = match shared.app_store.notification(purchase, news) {
        Ok(notification) => notification,
        Err(error) => return shared.history.note_oddity(format!("the harness can't sign: {error}")),
    };
    let request = Request::new("POST", "/webhooks/app-store").json(&notification);
    for _ in 0..if random.chance(20) { 2 } else { 1 } {
        let wish = Wish::TellPurchase { transaction: purchase.transaction.clone(), news, fen: fen(purchase) };
        ask(shared, random, purchase.user, wish, &request);
    }
}

/// Whether it is known of a request that it credited nothing; a notification that could not be worked on may
/// have been kept.
pub(crate) fn credits_nothing(wish: &Wish, outcome: &Outcome) -> bool {
    match wish {
        Wish::TellPurchase { news: News::Refunded, .. } | Wish::StealPurchase { .. } => true,
        Wish::TellPurchase { .. } => matches!(outcome, Outcome::Refused(_)),
        _ => matches!(outcome, Outcome::Refused(_) | Outcome::NothingWritten),
    }
}
