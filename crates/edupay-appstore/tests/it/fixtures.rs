//! Signed texts, each with at most one thing wrong: what we say to it, and where Apple's own library says
//! something else.

use chrono::TimeDelta;
use edupay_appstore::SignedKind;
use edupay_appstore::dev::{ChainPlan, DevSigner, Mark, Role, TransactionPlan};
use edupay_domain::app_store::SignatureRefusal;
use serde_json::{Value, json};

use crate::shop::{BUNDLE_ID, PRODUCT, at, notice, purchase, signer};

/// One text.
pub(crate) struct Fixture {
    pub(crate) name: &'static str,
    pub(crate) kind: SignedKind,
    /// The root that is trusted.
    pub(crate) root: Vec<u8>,
    pub(crate) signed: String,
    /// What we say.
    pub(crate) verdict: Result<(), SignatureRefusal>,
    pub(crate) apple: Apple,
}

/// What Apple's library says to the same text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Apple {
    Agrees,
    /// It accepts what we refuse, for this reason.
    Accepts(&'static str),
}

impl Fixture {
    fn transaction(name: &'static str, signed: String, verdict: Result<(), SignatureRefusal>) -> Self {
        let root = signer().root().unwrap();
        Self { name, kind: SignedKind::Transaction, root, signed, verdict, apple: Apple::Agrees }
    }

    fn notification(name: &'static str, payload: &Value, verdict: Result<(), SignatureRefusal>) -> Self {
        let signed = signer().sign(payload).unwrap();
        Self { kind: SignedKind::Notification, ..Self::transaction(name, signed, verdict) }
    }

    fn but_apple_accepts(self, reason: &'static str) -> Self {
        Self { apple: Apple::Accepts(reason), ..self }
    }
}

pub(crate) fn all() -> Vec<Fixture> {
    [good(), other_contents(), other_chains(), other_heads(), no_texts(), notifications()]
        .into_iter()
        .flatten()
        .collect()
}

const ACCEPTED: Result<(), SignatureRefusal> = Ok(());
const MALFORMED: Result<(), SignatureRefusal> = Err(SignatureRefusal::Malformed);
const BAD_SIGNATURE: Result<(), SignatureRefusal> = Err(SignatureRefusal::BadSignature);
const OTHER_ENVIRONMENT: Result<(), SignatureRefusal> = Err(SignatureRefusal::OtherEnvironment);

const ALL_OPTIONAL: &str = "every field of Apple's model is optional";
const LOOSE_TYPES: &str = "Apple's model takes any text or number there";

/// A purchase with one field of its content set, or taken away by null.
fn with(field: &str, value: Value) -> String {
    signer().sign(&set(purchase().payload(), field, value)).unwrap()
}

fn set(mut payload: Value, field: &str, value: Value) -> Value {
    let map = payload.as_object_mut().unwrap();
    if value.is_null() {
        map.remove(field)
    } else {
        map.insert(field.to_owned(), value)
    };
    payload
}

fn good() -> Vec<Fixture> {
    let accepted = |name, signed| Fixture::transaction(name, signed, ACCEPTED);
    vec![
        accepted("good", signer().sign(&purchase().payload()).unwrap()),
        accepted("no token", with("appAccountToken", Value::Null)),
        accepted("no quantity", with("quantity", Value::Null)),
        accepted("revoked", with("revocationDate", json!(at().timestamp_millis()))),
        accepted("unknown type", with("type", json!("Rental"))),
        accepted("family shared", with("inAppOwnershipType", json!("FAMILY_SHARED"))),
        accepted("60 KiB", with("padding", json!("x".repeat(42 * 1024)))),
        accepted("a field nobody knows", with("newInWinter", json!({ "a": [1, 2.5, null] }))),
    ]
}

fn other_contents() -> Vec<Fixture> {
    let five_minutes = at() + TimeDelta::minutes(5);
    let signed_at = |moment: edupay_domain::clock::Timestamp| with("signedDate", json!(moment.timestamp_millis()));
    vec![
        Fixture::transaction(
            "another bundle",
            with("bundleId", json!("com.example.other")),
            Err(SignatureRefusal::OtherApp),
        ),
        Fixture::transaction("no bundle", with("bundleId", Value::Null), Err(SignatureRefusal::OtherApp)),
        Fixture::transaction("Production in the sandbox", with("environment", json!("Production")), OTHER_ENVIRONMENT),
        Fixture::transaction("Xcode", with("environment", json!("Xcode")), OTHER_ENVIRONMENT),
        Fixture::transaction("LocalTesting", with("environment", json!("LocalTesting")), OTHER_ENVIRONMENT),
        Fixture::transaction("no environment", with("environment", Value::Null), OTHER_ENVIRONMENT),
        Fixture::transaction("no signed date", with("signedDate", Value::Null), Err(SignatureRefusal::NoSignedDate))
            .but_apple_accepts("it takes the present for a missing date"),
        Fixture::transaction("signed five minutes ahead", signed_at(five_minutes), ACCEPTED),
        Fixture::transaction(
            "signed a moment later than that",
            signed_at(five_minutes + TimeDelta::milliseconds(1)),
            Err(SignatureRefusal::SignedInFuture),
        )
        .but_apple_accepts("it compares the date with the certificates only"),
        Fixture::transaction("signed before the certificates", signed_at(at() - TimeDelta::days(4_000)), BAD_SIGNATURE),
        Fixture::transaction("a signed date in words", with("signedDate", json!("yesterday")), MALFORMED),
        Fixture::transaction("no transaction id", with("transactionId", Value::Null), MALFORMED)
            .but_apple_accepts(ALL_OPTIONAL),
        Fixture::transaction("no product", with("productId", Value::Null), MALFORMED).but_apple_accepts(ALL_OPTIONAL),
        Fixture::transaction("no purchase date", with("purchaseDate", Value::Null), MALFORMED)
            .but_apple_accepts(ALL_OPTIONAL),
        Fixture::transaction("a token that is no UUID", with("appAccountToken", json!("user-7")), MALFORMED)
            .but_apple_accepts(LOOSE_TYPES),
        Fixture::transaction("a price with a point", with("price", json!(6000.5)), MALFORMED)
            .but_apple_accepts(LOOSE_TYPES),
        Fixture::transaction("less than nothing given back", less_than_nothing_given_back(), MALFORMED)
            .but_apple_accepts(LOOSE_TYPES),
        Fixture::transaction("70 KiB", with("padding", json!("x".repeat(51 * 1024))), MALFORMED)
            .but_apple_accepts("it has no limit"),
    ]
}

fn less_than_nothing_given_back() -> String {
    let payload = set(purchase().payload(), "revocationDate", json!(at().timestamp_millis()));
    let payload = set(payload, "revocationType", json!("REFUND_PRORATED"));
    signer().sign(&set(payload, "revocationPercentage", json!(-1))).unwrap()
}

fn other_chains() -> Vec<Fixture> {
    let usual = || ChainPlan::new(at());
    let under = |plan: ChainPlan| DevSigner::generate(&plan).unwrap();
    let signed = |signer: &DevSigner| signer.sign(&purchase().payload()).unwrap();
    // The root of the chain itself is trusted, so that nothing else is wrong.
    let alone = |name, plan, verdict| {
        let signer = under(plan);
        Fixture { root: signer.root().unwrap(), ..Fixture::transaction(name, signed(&signer), verdict) }
    };
    let ended = at() - TimeDelta::days(10);
    let expired = under(ChainPlan { leaf_until: ended, ..usual() });
    let earlier = TransactionPlan::new("2000000123456780", BUNDLE_ID, PRODUCT, ended - TimeDelta::days(10));
    let earlier = expired.sign(&earlier.payload()).unwrap();
    let stranger = under(usual());
    let mut mixed = stranger.x5c().unwrap();
    mixed[0] = signer().x5c().unwrap()[0].clone();
    vec![
        Fixture::transaction("another root of the same name", signed(&stranger), BAD_SIGNATURE),
        Fixture::transaction(
            "another chain's intermediate",
            headed(&json!({ "alg": "ES256", "x5c": mixed })),
            BAD_SIGNATURE,
        ),
        alone("a leaf without its mark", ChainPlan { leaf_mark: Mark::Absent, ..usual() }, BAD_SIGNATURE),
        alone(
            "an intermediate without its mark",
            ChainPlan { intermediate_mark: Mark::Absent, ..usual() },
            BAD_SIGNATURE,
        ),
        alone(
            "an intermediate that is no authority",
            ChainPlan { intermediate: Role::EndEntity, ..usual() },
            BAD_SIGNATURE,
        ),
        alone("a leaf that had expired", ChainPlan { leaf_until: ended, ..usual() }, BAD_SIGNATURE),
        Fixture {
            root: expired.root().unwrap(),
            ..Fixture::transaction("a leaf that expired afterwards", earlier, ACCEPTED)
        },
    ]
}

/// A good purchase under another head.
fn headed(header: &Value) -> String {
    signer().sign_as(header, purchase().payload().to_string().as_bytes()).unwrap()
}

fn other_heads() -> Vec<Fixture> {
    let x5c = signer().x5c().unwrap();
    let of_certificates = |x5c: &[String]| headed(&json!({ "alg": "ES256", "x5c": x5c }));
    let root = x5c[2].clone();
    let one_more: Vec<String> = x5c.iter().cloned().chain([root]).collect();
    let replaced = |at: usize, text: &str| {
        let mut x5c = x5c.clone();
        x5c[at] = text.to_owned();
        of_certificates(&x5c)
    };
    vec![
        Fixture::transaction("alg none", unsigned("none"), MALFORMED),
        Fixture::transaction("alg HS256", headed(&json!({ "alg": "HS256", "x5c": x5c })), MALFORMED),
        Fixture::transaction("alg es256", headed(&json!({ "alg": "es256", "x5c": x5c })), MALFORMED),
        Fixture::transaction("no alg", headed(&json!({ "x5c": x5c })), MALFORMED),
        Fixture::transaction("no certificates", headed(&json!({ "alg": "ES256" })), MALFORMED),
        Fixture::transaction("two certificates", of_certificates(&x5c[..2]), MALFORMED),
        Fixture::transaction("four certificates", of_certificates(&one_more), MALFORMED),
        Fixture::transaction("a leaf that is no base64", replaced(0, "***"), MALFORMED),
        Fixture::transaction("a leaf that is no certificate", replaced(0, "AAAA"), BAD_SIGNATURE),
        Fixture::transaction(
            "leaf and intermediate exchanged",
            {
                let exchanged = [x5c[1].clone(), x5c[0].clone(), x5c[2].clone()];
                of_certificates(&exchanged)
            },
            BAD_SIGNATURE,
        ),
        // Only the configured root counts, so what stands there is not looked at.
        Fixture::transaction("a third certificate that is none", replaced(2, "AAAA"), ACCEPTED),
    ]
}

/// A purchase of Xcode's, which nobody signs.
fn unsigned(alg: &str) -> String {
    let mut plan = purchase();
    plan.environment = "LocalTesting".to_owned();
    let signed = signer().sign_as(&json!({ "alg": alg }), plan.payload().to_string().as_bytes()).unwrap();
    let (text, _) = signed.rsplit_once('.').unwrap();
    format!("{text}.")
}

fn no_texts() -> Vec<Fixture> {
    let good = signer().sign(&purchase().payload()).unwrap();
    let parts: Vec<&str> = good.split('.').collect();
    let dearer = with("productId", json!("com.example.coins648"));
    let dearer: Vec<&str> = dearer.split('.').collect();
    let other_last_byte = if parts[2].starts_with('A') { "B" } else { "A" };
    let garbage = signer().sign_as(&json!({ "alg": "ES256", "x5c": signer().x5c().unwrap() }), b"{\"a\":").unwrap();
    vec![
        Fixture::transaction("another content", [parts[0], dearer[1], parts[2]].join("."), BAD_SIGNATURE),
        Fixture::transaction(
            "another signature",
            format!("{}.{}.{other_last_byte}{}", parts[0], parts[1], &parts[2][1..]),
            BAD_SIGNATURE,
        ),
        Fixture::transaction(
            "half a signature",
            format!("{}.{}.{}", parts[0], parts[1], &parts[2][..40]),
            BAD_SIGNATURE,
        ),
        Fixture::transaction("no signature", format!("{}.{}.", parts[0], parts[1]), BAD_SIGNATURE),
        Fixture::transaction("a content that is no JSON", garbage, MALFORMED),
        Fixture::transaction("nothing", String::new(), MALFORMED),
        Fixture::transaction("no signed text", "MIITtgYJKoZIhvcNAQcCoIITpzCCE6MCAQExCzAJ".to_owned(), MALFORMED),
        Fixture::transaction("two parts", format!("{}.{}", parts[0], parts[1]), MALFORMED),
        Fixture::transaction("four parts", format!("{good}.{}", parts[2]), MALFORMED),
    ]
}

fn notifications() -> Vec<Fixture> {
    let purchase = purchase();
    let about = |kind| notice(kind, Some(&purchase)).payload();
    let inside = |transaction: String| {
        let mut plan = notice("REFUND", None);
        plan.signed_transaction = Some(transaction);
        plan.payload()
    };
    let good = signer().sign(&purchase.payload()).unwrap();
    let broken = format!("{}{}", &good[..good.len() - 2], if good.ends_with("AA") { "BA" } else { "AA" });
    let mut other_app = notice("REFUND", Some(&purchase));
    other_app.bundle_id = "com.example.other".to_owned();
    let mut production = notice("REFUND", None);
    production.environment = "Production".to_owned();
    let summary = json!({ "bundleId": BUNDLE_ID, "environment": "Sandbox", "requestIdentifier": "r" });
    let accepted = |name, payload: &Value| Fixture::notification(name, payload, ACCEPTED);
    vec![
        accepted("ONE_TIME_CHARGE", &about("ONE_TIME_CHARGE")),
        accepted("REFUND", &about("REFUND")),
        accepted("REFUND_REVERSED", &about("REFUND_REVERSED")),
        accepted("REFUND_DECLINED", &about("REFUND_DECLINED")),
        accepted("CONSUMPTION_REQUEST", &about("CONSUMPTION_REQUEST")),
        accepted("TEST", &notice("TEST", None).payload()),
        accepted("a kind nobody knows", &about("DID_SOMETHING_NEW")),
        accepted("a summary", &set(set(about("RENEWAL_EXTENSION"), "data", Value::Null), "summary", summary)),
        Fixture::notification("a broken transaction inside", &inside(broken), BAD_SIGNATURE),
        Fixture::notification(
            "another app's transaction inside",
            &inside(with("bundleId", json!("com.example.other"))),
            Err(SignatureRefusal::OtherApp),
        ),
        Fixture::notification(
            "Production's transaction inside",
            &inside(with("environment", json!("Production"))),
            OTHER_ENVIRONMENT,
        ),
        Fixture::notification("another app's notification", &other_app.payload(), Err(SignatureRefusal::OtherApp)),
        Fixture::notification("Production's notification", &production.payload(), OTHER_ENVIRONMENT),
        Fixture::notification(
            "a notification about nothing",
            &set(about("REFUND"), "data", Value::Null),
            OTHER_ENVIRONMENT,
        ),
        Fixture::notification(
            "a notification without a date",
            &set(about("REFUND"), "signedDate", Value::Null),
            Err(SignatureRefusal::NoSignedDate),
        )
        .but_apple_accepts("it takes the present for a missing date"),
        Fixture::notification(
            "a notification without a name",
            &set(about("REFUND"), "notificationUUID", Value::Null),
            MALFORMED,
        )
        .but_apple_accepts(ALL_OPTIONAL),
        Fixture::notification(
            "a notification without a kind",
            &set(about("REFUND"), "notificationType", Value::Null),
            MALFORMED,
        )
        .but_apple_accepts(ALL_OPTIONAL),
    ]
}
