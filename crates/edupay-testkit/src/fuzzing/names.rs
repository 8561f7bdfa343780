//! Numbers and names: of orders, charges, users, keys, tokens.

use edupay_domain::accounts::Token;
use edupay_domain::event_delivery::{EndpointDescription, EndpointId, EventKind, WebhookSecret};
use edupay_domain::idempotency::IdempotencyKey;
use edupay_domain::ids::{
    AppAccountToken, CardNo, ChargeId, EventId, GatewayEventId, GatewayOrderNo, MAX_CHOSEN_ID, NotificationId, OpenId,
    OrderNo, ProductId, PurchaseNo, PurchaseRecordId, RefundId, RefundNo, TopUpNo, TransactionId, UserId, Username,
};
use edupay_domain::payments::Channel;
use edupay_domain::recovery::{DecisionReason, ReviewId, ReviewKind};
use edupay_domain::refunds::RefundReason;

/// Each name is taken exactly when its characters and its length are as its documentation says, and is
/// written as it was read.
pub fn names(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    texts(text);
    written_alike(text);
    reasons(text);
    if let Ok(number) = text.parse::<i64>() {
        assert_eq!(UserId::try_new(number).map(UserId::get).ok(), (number >= 1).then_some(number));
        assert_eq!(UserId::choose(number).is_ok(), (1..=MAX_CHOSEN_ID).contains(&number));
    }
}

/// Those that are some characters of one kind.
fn texts(text: &str) {
    let digit = |character: char| character.is_ascii_digit();
    let alphanumeric = |character: char| character.is_ascii_digit() || character.is_ascii_alphabetic();
    let visible = |character: char| ('!'..='~').contains(&character);
    let refund = |character: char| alphanumeric(character) || matches!(character, '-' | '_');
    let small_hex = |character: char| matches!(character, '0'..='9' | 'a'..='f');
    macro_rules! check {
        ($($name:ident, $max:literal, $belongs:expr;)*) => {$(
            let expected = is(text, 1, $max, $belongs).then_some(text);
            let read = $name::parse(text).ok();
            assert_eq!(read.as_ref().map($name::as_str), expected, stringify!($name));
        )*};
    }
    check! {
        OrderNo, 20, digit;
        TopUpNo, 20, digit;
        PurchaseNo, 20, digit;
        PurchaseRecordId, 22, digit;
        GatewayOrderNo, 32, alphanumeric;
        CardNo, 32, alphanumeric;
        ChargeId, 64, visible;
        RefundId, 64, visible;
        GatewayEventId, 64, visible;
        ProductId, 255, visible;
        TransactionId, 64, visible;
        NotificationId, 64, visible;
        OpenId, 128, visible;
        RefundNo, 40, refund;
        Username, 150, visible;
    }
    let key = IdempotencyKey::parse(text);
    assert_eq!(key.as_ref().map(IdempotencyKey::as_str), is(text, 1, 255, visible).then_some(text));
    let token = Token::parse(text);
    assert_eq!(token.as_ref().map(Token::reveal), is(text, 40, 40, small_hex).then_some(text));
    assert_eq!(EventId::parse(text).is_ok(), is(text, 32, 32, small_hex));
    if let Some(purchase) = PurchaseRecordId::parse(text).ok().and_then(|record| record.purchase_no()) {
        assert!(text.starts_with(purchase.as_str()) && text.len() == purchase.as_str().len().saturating_add(2));
    }
}

/// Those that are made of parts.
fn written_alike(text: &str) {
    if let Ok(id) = EventId::parse(text) {
        assert_eq!(id.to_string(), text);
    }
    if let Ok(id) = EndpointId::parse(text) {
        assert_eq!(id.to_string(), text);
    }
    if let Ok(token) = AppAccountToken::parse(text) {
        assert_eq!(token.to_string(), text.to_ascii_lowercase());
        assert_eq!(AppAccountToken::parse(&text.to_ascii_uppercase()), Ok(token));
    }
    if let Some(id) = ReviewId::parse(text) {
        assert_eq!(id.to_string(), text);
        assert_eq!(ReviewId::try_new(id.kind, id.key()), Some(id));
    }
    if let Some(kind) = EventKind::parse(text) {
        assert_eq!(kind.as_str(), text);
    }
    if let Some(channel) = Channel::parse(text) {
        assert_eq!(channel.code(), text);
    }
    if let Some(kind) = ReviewKind::parse(text) {
        assert_eq!(kind.code(), text);
    }
    if let Some(secret) = WebhookSecret::parse(text) {
        assert_eq!(secret.reveal(), text);
        let digits = secret.base64().trim_end_matches('=');
        assert!((32..=86).contains(&digits.len()) && secret.base64().len().is_multiple_of(4));
    }
}

/// Those that people write, which are counted in characters.
fn reasons(text: &str) {
    let long = text.chars().count() > 255;
    let expected = (!text.is_empty() && !long).then_some(text);
    assert_eq!(RefundReason::parse(text).as_ref().map(RefundReason::as_str), expected);
    assert_eq!(DecisionReason::parse(text).as_ref().map(DecisionReason::as_str), expected);
    let plain = !long && !text.chars().any(char::is_control);
    let description = EndpointDescription::parse(text);
    assert_eq!(description.as_ref().map(EndpointDescription::as_str), plain.then_some(text));
}

fn is(text: &str, min: usize, max: usize, belongs: impl Fn(char) -> bool) -> bool {
    (min..=max).contains(&text.chars().count()) && text.chars().all(belongs)
}
