//! The development root, and what is signed under it.

use crate::adapters::{SystemClock, SystemEntropy, random};
use crate::commands::say;
use crate::error::{Context, Failure};
use crate::settings::Settings;
use chrono::{DateTime, Utc};
use clap::Args;
use edupay_appstore::dev::{ChainPlan, DevSigner, NotificationPlan, ROOT_FILE, Revocation, TransactionPlan};
use edupay_domain::clock::{Clock, Timestamp};
use edupay_domain::ids::IdSource;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// The app of whoever has none yet.
const BUNDLE_ID: &str = "com.example.edupay";

#[derive(Debug, Args)]
pub(crate) struct DevRootArguments {
    /// Where to write it (appstore-dev in the data directory)
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// What every signed text needs.
#[derive(Debug, Args)]
struct SignerArguments {
    /// Where the development root lies (appstore-dev in the data directory)
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The app (appstore.bundle_id)
    #[arg(long)]
    bundle_id: Option<String>,
    /// Sandbox, Production, or a wrong one
    #[arg(long, default_value = "Sandbox")]
    environment: String,
    /// When it is signed, such as 2026-03-01T12:00:00Z (now)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    signed_at: Option<Timestamp>,
}

/// What a purchase may say besides its product.
#[derive(Debug, Args)]
struct PurchaseArguments {
    /// Its number; a new one each time
    #[arg(long)]
    transaction_id: Option<String>,
    /// How many
    #[arg(long, default_value_t = 1)]
    quantity: i64,
    /// The UUID of the user who bought
    #[arg(long, value_name = "UUID")]
    app_account_token: Option<String>,
    /// PURCHASED or FAMILY_SHARED
    #[arg(long, default_value = "PURCHASED")]
    ownership: String,
    /// When it was bought (when it is signed)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    purchased_at: Option<Timestamp>,
    /// The price that the App Store recorded, in thousandths of a yuan
    #[arg(long, value_name = "MILLIYUAN")]
    price: Option<i64>,
    /// When it was given back
    #[arg(long, value_name = "TIME", value_parser = moment)]
    revoked_at: Option<Timestamp>,
    /// REFUND_FULL, REFUND_PRORATED or FAMILY_REVOKE; without --revoked-at it was when it is signed
    #[arg(long)]
    revocation_type: Option<String>,
    /// How much of it, in thousandths of a per cent: 50000 is a half
    #[arg(long)]
    revocation_percentage: Option<i64>,
}

#[derive(Debug, Args)]
pub(crate) struct TransactionArguments {
    /// What was bought
    #[arg(long)]
    product_id: String,
    /// What kind of product that is
    #[arg(long = "type", default_value = "Consumable")]
    product_type: String,
    #[command(flatten)]
    signer: SignerArguments,
    #[command(flatten)]
    purchase: PurchaseArguments,
}

#[derive(Debug, Args)]
pub(crate) struct NotificationArguments {
    /// What it tells: REFUND, ONE_TIME_CHARGE, TEST, …
    #[arg(long = "type")]
    kind: String,
    /// More of it
    #[arg(long)]
    subtype: Option<String>,
    /// Its UUID; a new one each time
    #[arg(long, value_name = "UUID")]
    notification_id: Option<String>,
    /// The app's number (appstore.app_apple_id)
    #[arg(long)]
    app_apple_id: Option<i64>,
    /// Why the payer wants the money back
    #[arg(long)]
    consumption_reason: Option<String>,
    /// The signed transaction that it is about, or a file of it
    #[arg(long, value_name = "TEXT|FILE", conflicts_with = "product_id")]
    transaction: Option<String>,
    /// Or what was bought: a transaction is signed, too
    #[arg(long)]
    product_id: Option<String>,
    /// What kind of product that is
    #[arg(long, default_value = "Consumable")]
    product_type: String,
    #[command(flatten)]
    signer: SignerArguments,
    #[command(flatten)]
    purchase: PurchaseArguments,
}

pub(super) fn dev_root(settings: &Settings, arguments: &DevRootArguments) -> Result<(), Failure> {
    let folder = folder(settings, arguments.dir.as_deref());
    let signer = DevSigner::generate(&ChainPlan::new(SystemClock.now())).context("the development root")?;
    signer.save(&folder).context(&format!("--dir {}", folder.display()))?;
    let folder = fs::canonicalize(&folder).context("--dir")?;
    say(format!(
        "# For development only: settings with which this root is trusted.\n\
         [appstore]\n\
         bundle_id = {:?}\n\
         environment = \"sandbox\"\n\
         root_certificate_files = [{:?}]",
        bundle_id(settings, None),
        folder.join(ROOT_FILE),
    ));
    Ok(())
}

pub(super) fn transaction(settings: &Settings, arguments: &TransactionArguments) -> Result<(), Failure> {
    let desk = Desk::open(settings, &arguments.signer)?;
    let TransactionArguments { product_id, product_type, purchase, .. } = arguments;
    say(desk.transaction(product_id, product_type, purchase)?);
    Ok(())
}

pub(super) fn notification(settings: &Settings, arguments: &NotificationArguments) -> Result<(), Failure> {
    let desk = Desk::open(settings, &arguments.signer)?;
    let id = arguments.notification_id.clone();
    let id = id.unwrap_or_else(|| SystemEntropy.app_account_token().to_string());
    let mut plan = NotificationPlan::new(&id, &arguments.kind, &desk.bundle_id, desk.signed_at);
    plan.subtype.clone_from(&arguments.subtype);
    plan.environment.clone_from(&desk.environment);
    plan.app_apple_id = arguments.app_apple_id.or(settings.appstore.app_apple_id);
    plan.consumption_reason.clone_from(&arguments.consumption_reason);
    plan.signed_transaction = match (&arguments.transaction, &arguments.product_id) {
        (Some(given), _) => Some(text_or_file(given)?),
        (None, Some(product_id)) => Some(desk.transaction(product_id, &arguments.product_type, &arguments.purchase)?),
        (None, None) => None,
    };
    let signed = desk.signer.sign(&plan.payload()).context("the notification")?;
    say(json!({ "signedPayload": signed }));
    Ok(())
}

/// Who signs, for which app, where and when.
struct Desk {
    signer: DevSigner,
    bundle_id: String,
    environment: String,
    signed_at: Timestamp,
}

impl Desk {
    fn open(settings: &Settings, arguments: &SignerArguments) -> Result<Self, Failure> {
        let folder = folder(settings, arguments.dir.as_deref());
        let missing = format!("no development root in {} (edupay appstore dev-root makes one)", folder.display());
        Ok(Self {
            signer: DevSigner::load(&folder).context(&missing)?,
            bundle_id: bundle_id(settings, arguments.bundle_id.as_deref()),
            environment: arguments.environment.clone(),
            signed_at: arguments.signed_at.unwrap_or_else(|| SystemClock.now()),
        })
    }

    fn transaction(
        &self,
        product_id: &str,
        product_type: &str,
        arguments: &PurchaseArguments,
    ) -> Result<String, Failure> {
        let id = arguments.transaction_id.clone().unwrap_or_else(new_transaction_id);
        let mut plan = TransactionPlan::new(&id, &self.bundle_id, product_id, self.signed_at);
        plan.environment.clone_from(&self.environment);
        plan.quantity = Some(arguments.quantity);
        plan.app_account_token.clone_from(&arguments.app_account_token);
        product_type.clone_into(&mut plan.product_type);
        plan.ownership.clone_from(&arguments.ownership);
        plan.purchased_at = arguments.purchased_at.unwrap_or(self.signed_at);
        plan.price = arguments.price.map(|price| (price, "CNY".to_owned()));
        let is_revoked = arguments.revoked_at.is_some() || arguments.revocation_type.is_some();
        plan.revocation = is_revoked.then(|| Revocation {
            at: arguments.revoked_at.unwrap_or(self.signed_at),
            kind: arguments.revocation_type.clone(),
            milli_percent: arguments.revocation_percentage,
        });
        self.signer.sign(&plan.payload()).context("the transaction")
    }
}

fn folder(settings: &Settings, named: Option<&Path>) -> PathBuf {
    named.map_or_else(|| settings.data_dir.join("appstore-dev"), Path::to_owned)
}

fn bundle_id(settings: &Settings, named: Option<&str>) -> String {
    let configured = Some(settings.appstore.bundle_id.as_str()).filter(|id| !id.is_empty());
    named.or(configured).unwrap_or(BUNDLE_ID).to_owned()
}

/// 16 digits that begin with a 2, as the App Store's do.
fn new_transaction_id() -> String {
    let draw = u64::from_ne_bytes(random()) % 1_000_000_000_000_000;
    format!("2{draw:015}")
}

fn text_or_file(given: &str) -> Result<String, Failure> {
    // A signed text has two dots and no end; a file's name is short.
    let path = Path::new(given);
    let is_file = given.len() < 1_024 && path.is_file();
    let text = if is_file { fs::read_to_string(path).context("--transaction")? } else { given.to_owned() };
    Ok(text.trim().to_owned())
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let read = DateTime::parse_from_rfc3339(text).map(|moment| moment.with_timezone(&Utc));
    read.map_err(|error| format!("{error}; expected a time such as 2026-03-01T12:00:00Z"))
}
