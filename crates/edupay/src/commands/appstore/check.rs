//! What the configured settings say to a signed text, and what the App Store's server has sent.

use crate::adapters::SystemClock;
use crate::app_store;
use crate::commands::say;
use crate::error::{Context, Failure};
use crate::settings::Settings;
use chrono::{SecondsFormat, TimeDelta};
use clap::Args;
use edupay_appstore::{SignedKind, claimed_kind};
use edupay_domain::app_store::{
    AppStoreNotification, AppStoreSignatures, AppStoreTransaction, Ownership, ProductType, SignatureRefusal,
    StoreEnvironment,
};
use edupay_domain::clock::{Clock, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::Read;
use std::process::ExitCode;
use std::sync::Arc;

/// More than any text that is accepted.
const LONGEST: u64 = 1024 * 1024;
/// A list that is still not at its end is given up.
const MAX_PAGES: usize = 500;

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// A signed transaction or notification, or the body of a notification; standard input without it
    text: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct NotificationsArguments {
    /// Those of how many hours
    #[arg(long, default_value_t = 24)]
    hours: u32,
    /// The sandbox's, where production is configured
    #[arg(long)]
    sandbox: bool,
}

pub(super) fn run(settings: &Settings, arguments: &CheckArguments) -> Result<ExitCode, Failure> {
    let signatures = app_store::build(settings)?.signatures;
    let text = match &arguments.text {
        Some(text) => text.clone(),
        None => {
            let mut text = String::new();
            std::io::stdin().lock().take(LONGEST).read_to_string(&mut text).context("standard input")?;
            text
        }
    };
    let verdict = match signatures {
        Some(signatures) => verdict(&signatures, &unwrapped(text.trim()), SystemClock.now()),
        None => Err(SignatureRefusal::NotConfigured),
    };
    Ok(tell(verdict))
}

pub(super) async fn notifications(
    settings: &Settings,
    arguments: &NotificationsArguments,
) -> Result<ExitCode, Failure> {
    let store = app_store::build(settings)?;
    let (Some(signatures), Some(server)) = (store.signatures, store.server) else {
        return Err(Failure::setting("appstore.private_key_file", "needed to ask the App Store's server"));
    };
    let environment = if arguments.sandbox { StoreEnvironment::Sandbox } else { app_store::environment(settings) };
    let to = SystemClock.now();
    let from = to.checked_sub_signed(TimeDelta::hours(i64::from(arguments.hours)));
    let from = from.ok_or_else(|| Failure::setting("--hours", "too many"))?;
    let (mut next, mut code): (Option<String>, _) = (None, ExitCode::SUCCESS);
    for _ in 0..MAX_PAGES {
        let page = server.notification_history(environment, from, to, next.as_deref()).await;
        let page = page.context("appstore")?;
        for signed in &page.signed {
            let notification = signatures.notification(signed, SystemClock.now());
            if tell(notification.as_ref().map(notification_view).map_err(|refusal| *refusal)) == ExitCode::FAILURE {
                code = ExitCode::FAILURE;
            }
        }
        next = page.next;
        if next.is_none() {
            return Ok(code);
        }
    }
    Err(Failure::new("the App Store's list has no end; ask for fewer hours"))
}

fn verdict(signatures: &Arc<dyn AppStoreSignatures>, signed: &str, at: Timestamp) -> Result<Value, SignatureRefusal> {
    match claimed_kind(signed) {
        SignedKind::Transaction => signatures.transaction(signed, at).map(|told| transaction_view(&told)),
        SignedKind::Notification => signatures.notification(signed, at).map(|told| notification_view(&told)),
    }
}

/// Prints what was told, or the refusal's code.
fn tell(verdict: Result<Value, SignatureRefusal>) -> ExitCode {
    match verdict {
        Ok(told) => {
            say(told);
            ExitCode::SUCCESS
        }
        Err(refusal) => {
            say(json!({ "refused": refusal.code() }));
            ExitCode::FAILURE
        }
    }
}

/// The signed text of a notification's body; anything else is left as it is.
fn unwrapped(text: &str) -> String {
    #[derive(Deserialize)]
    struct Body {
        #[serde(rename = "signedPayload")]
        signed_payload: String,
    }
    serde_json::from_str(text).map_or_else(|_| text.to_owned(), |Body { signed_payload }| signed_payload)
}

fn transaction_view(told: &AppStoreTransaction) -> Value {
    json!({
        "kind": "transaction",
        "transaction_id": told.id.as_str(),
        "environment": told.environment.code(),
        "product_id": told.product_id.as_str(),
        "product_type": match &told.product_type {
            ProductType::Consumable => "Consumable",
            ProductType::Other(name) => name,
        },
        "quantity": told.quantity,
        "ownership": match &told.ownership {
            Ownership::Purchased => "PURCHASED",
            Ownership::Other(name) => name,
        },
        "app_account_token": told.app_account_token.map(|token| token.to_string()),
        "purchased_at": shown(told.purchased_at),
        "signed_at": shown(told.signed_at),
        "refunded_milli_percent": told.refunded.milli_percent(),
        "price_milli_units": told.price.as_ref().map(|price| price.milli_units),
        "currency": told.price.as_ref().map(|price| price.currency.as_str()),
    })
}

fn notification_view(told: &AppStoreNotification) -> Value {
    json!({
        "kind": "notification",
        "notification_id": told.id.as_str(),
        "type": told.kind.code(),
        "subtype": told.subtype,
        "signed_at": shown(told.signed_at),
        "consumption_reason": told.consumption_reason,
        "transaction": told.transaction.as_ref().map(transaction_view),
    })
}

fn shown(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}
