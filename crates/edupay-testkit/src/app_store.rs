//! An App Store whose signed texts people can read: `fields;joined` by semicolons, nothing signed.

use async_trait::async_trait;
use chrono::DateTime;
use edupay_domain::app_store::{
    AppStoreNotification, AppStorePrice, AppStoreServer, AppStoreServerError, AppStoreSignatures, AppStoreTransaction,
    HistoryPage, NotificationKind, Ownership, ProductType, RefundedShare, SignatureRefusal, StoreEnvironment,
};
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{AppAccountToken, NotificationId, ProductId, TransactionId};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Believes the texts of [`signed_transaction`] and [`signed_notification`]; a text that begins with a
/// refusal's code is refused for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FakeAppStore;

/// What stands between the parts of a notification.
const PART: char = '|';
/// What stands between the fields of a part.
const FIELD: char = ';';

/// The text that [`FakeAppStore`] reads back as this transaction.
#[must_use]
pub fn signed_transaction(transaction: &AppStoreTransaction) -> String {
    let mut fields = vec![
        format!("id={}", transaction.id),
        format!("environment={}", transaction.environment.code()),
        format!("product={}", transaction.product_id),
        format!("quantity={}", transaction.quantity),
        format!("purchased={}", transaction.purchased_at.timestamp_micros()),
        format!("signed={}", transaction.signed_at.timestamp_micros()),
        format!("refunded={}", transaction.refunded.milli_percent()),
    ];
    if let ProductType::Other(name) = &transaction.product_type {
        fields.push(format!("type={name}"));
    }
    if let Ownership::Other(name) = &transaction.ownership {
        fields.push(format!("ownership={name}"));
    }
    fields.extend(transaction.app_account_token.map(|token| format!("token={token}")));
    if let Some(price) = &transaction.price {
        fields.push(format!("price={}", price.milli_units));
        fields.push(format!("currency={}", price.currency));
    }
    fields.join(&FIELD.to_string())
}

/// The transaction with the text that stands for it.
#[must_use]
pub fn signed(transaction: AppStoreTransaction) -> AppStoreTransaction {
    AppStoreTransaction { signed: signed_transaction(&transaction), ..transaction }
}

/// The text that [`FakeAppStore`] reads back as this notification.
#[must_use]
pub fn signed_notification(notification: &AppStoreNotification) -> String {
    let head = [
        format!("notification={}", notification.id),
        format!("kind={}", notification.kind.code()),
        format!("subtype={}", notification.subtype),
        format!("signed={}", notification.signed_at.timestamp_micros()),
        format!("reason={}", notification.consumption_reason),
    ];
    let head = head.join(&FIELD.to_string());
    match &notification.transaction {
        Some(transaction) => format!("{head}{PART}{}", signed_transaction(transaction)),
        None => head,
    }
}

/// The text that is refused for this.
#[must_use]
pub fn refused_text(refusal: SignatureRefusal) -> String {
    format!("{}{FIELD}", refusal.code())
}

struct Fields<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Fields<'a> {
    fn read(text: &'a str) -> Self {
        Self(text.split(FIELD).filter_map(|field| field.split_once('=')).collect())
    }

    fn text(&self, name: &str) -> Result<&'a str, SignatureRefusal> {
        self.0.get(name).copied().ok_or(SignatureRefusal::Malformed)
    }

    fn parsed<T>(&self, name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, SignatureRefusal> {
        parse(self.text(name)?).ok_or(SignatureRefusal::Malformed)
    }

    fn number(&self, name: &str) -> Result<i64, SignatureRefusal> {
        self.parsed(name, |text| text.parse().ok())
    }

    fn moment(&self, name: &str) -> Result<Timestamp, SignatureRefusal> {
        DateTime::from_timestamp_micros(self.number(name)?).ok_or(SignatureRefusal::Malformed)
    }
}

fn refusal_in(text: &str) -> Result<(), SignatureRefusal> {
    let named = |refusal: &SignatureRefusal| text.starts_with(&refused_text(*refusal));
    SignatureRefusal::ALL.into_iter().find(named).map_or(Ok(()), Err)
}

impl AppStoreSignatures for FakeAppStore {
    fn transaction(&self, text: &str, at: Timestamp) -> Result<AppStoreTransaction, SignatureRefusal> {
        refusal_in(text)?;
        let fields = Fields::read(text);
        let refunded = fields.parsed("refunded", |text| text.parse().ok())?;
        let price = match (fields.number("price"), fields.text("currency")) {
            (Ok(milli_units), Ok(currency)) => Some(AppStorePrice { milli_units, currency: currency.to_owned() }),
            _ => None,
        };
        let signed_at = fields.moment("signed")?;
        if signed_at > at {
            return Err(SignatureRefusal::SignedInFuture);
        }
        Ok(AppStoreTransaction {
            id: fields.parsed("id", |text| TransactionId::parse(text).ok())?,
            environment: fields.parsed("environment", |text| {
                StoreEnvironment::ALL.into_iter().find(|environment| environment.code() == text)
            })?,
            product_id: fields.parsed("product", |text| ProductId::parse(text).ok())?,
            product_type: fields
                .text("type")
                .map_or(ProductType::Consumable, |name| ProductType::Other(name.to_owned())),
            quantity: fields.number("quantity")?,
            ownership: fields.text("ownership").map_or(Ownership::Purchased, |name| Ownership::Other(name.to_owned())),
            app_account_token: match fields.text("token") {
                Ok(token) => Some(AppAccountToken::parse(token).map_err(|_| SignatureRefusal::Malformed)?),
                Err(_) => None,
            },
            purchased_at: fields.moment("purchased")?,
            signed_at,
            refunded: RefundedShare::from_milli_percent(refunded),
            price,
            signed: text.to_owned(),
        })
    }

    fn notification(&self, text: &str, at: Timestamp) -> Result<AppStoreNotification, SignatureRefusal> {
        refusal_in(text)?;
        let (head, inside) = match text.split_once(PART) {
            Some((head, inside)) => (head, Some(inside)),
            None => (text, None),
        };
        let fields = Fields::read(head);
        Ok(AppStoreNotification {
            id: fields.parsed("notification", |text| NotificationId::parse(text).ok())?,
            kind: NotificationKind::parse(fields.text("kind")?),
            subtype: fields.text("subtype")?.to_owned(),
            signed_at: fields.moment("signed")?,
            transaction: inside.map(|inside| self.transaction(inside, at)).transpose()?,
            consumption_reason: fields.text("reason")?.to_owned(),
            signed: text.to_owned(),
        })
    }
}

/// An App Store's server that remembers what it sent, and answers in pages of two; or not at all.
#[derive(Debug, Default)]
pub struct FakeAppStoreServer {
    sent: Mutex<Sent>,
}

#[derive(Debug, Default)]
struct Sent {
    notifications: Vec<(Timestamp, String)>,
    refunds: Vec<String>,
    /// How many more answers it gives, if it does not go on for ever.
    answers_left: Option<usize>,
    asked_from: Vec<Timestamp>,
}

impl FakeAppStoreServer {
    /// It has sent this notification then, whether it arrived or not.
    pub fn sent(&self, at: Timestamp, signed: String) {
        self.with(|sent| sent.notifications.push((at, signed)));
    }

    /// It has given this transaction back.
    pub fn gave_back(&self, signed: String) {
        self.with(|sent| sent.refunds.push(signed));
    }

    /// After so many answers it gives none.
    pub fn fall_silent_after(&self, answers: usize) {
        self.with(|sent| sent.answers_left = Some(answers));
    }

    /// It answers again.
    pub fn recover(&self) {
        self.with(|sent| sent.answers_left = None);
    }

    /// From which moments the history was asked for.
    #[must_use]
    pub fn asked_from(&self) -> Vec<Timestamp> {
        self.with(|sent| sent.asked_from.clone())
    }

    fn with<T>(&self, work: impl FnOnce(&mut Sent) -> T) -> T {
        work(&mut self.sent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn answer(
        &self,
        page: Option<&str>,
        of: impl Fn(&Sent) -> Vec<String>,
    ) -> Result<HistoryPage, AppStoreServerError> {
        self.with(|sent| {
            if let Some(left) = &mut sent.answers_left {
                *left = left.checked_sub(1).ok_or_else(|| AppStoreServerError::new("it is silent"))?;
            }
            let start: usize = page.map_or(Ok(0), str::parse).map_err(AppStoreServerError::new)?;
            let all = of(sent);
            let signed: Vec<String> = all.iter().skip(start).take(2).cloned().collect();
            let end = start.saturating_add(signed.len());
            Ok(HistoryPage { signed, next: (end < all.len()).then(|| end.to_string()) })
        })
    }
}

#[async_trait]
impl AppStoreServer for FakeAppStoreServer {
    async fn notification_history(
        &self,
        _environment: StoreEnvironment,
        from: Timestamp,
        to: Timestamp,
        page: Option<&str>,
    ) -> Result<HistoryPage, AppStoreServerError> {
        self.with(|sent| sent.asked_from.push(from));
        let then = |(at, _): &&(Timestamp, String)| (from..to).contains(at);
        self.answer(page, |sent| sent.notifications.iter().filter(then).map(|(_, signed)| signed.clone()).collect())
    }

    async fn refund_history(
        &self,
        _environment: StoreEnvironment,
        _id: &TransactionId,
        page: Option<&str>,
    ) -> Result<HistoryPage, AppStoreServerError> {
        self.answer(page, |sent| sent.refunds.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{app_account_token, app_store_notification, app_store_transaction, minutes_after, monday};

    #[test]
    fn what_is_written_is_read_back() {
        let plain = signed(app_store_transaction("1", "com.example.a", Some(app_account_token("xiaoyu"))));
        let odd = signed(AppStoreTransaction {
            product_type: ProductType::Other("Non-Consumable".to_owned()),
            ownership: Ownership::Other("FAMILY_SHARED".to_owned()),
            environment: StoreEnvironment::Sandbox,
            app_account_token: None,
            price: None,
            refunded: RefundedShare::from_milli_percent(50_000),
            ..plain.clone()
        });
        let now = minutes_after(monday(), 60);
        for transaction in [plain, odd] {
            assert_eq!(FakeAppStore.transaction(&transaction.signed, now), Ok(transaction.clone()));
            let notification = app_store_notification("n1", NotificationKind::Refund, Some(transaction));
            assert_eq!(FakeAppStore.notification(&notification.signed, now), Ok(notification.clone()));
        }
        for refusal in SignatureRefusal::ALL {
            assert_eq!(FakeAppStore.transaction(&refused_text(refusal), now), Err(refusal));
            assert_eq!(FakeAppStore.notification(&refused_text(refusal), now), Err(refusal));
        }
        assert_eq!(FakeAppStore.transaction("{}", now), Err(SignatureRefusal::Malformed));
    }
}
