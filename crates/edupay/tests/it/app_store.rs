//! Purchases in the App Store without Apple: a root of one's own, what is signed under it, and what the
//! program says to it.

use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use tempfile::TempDir;

use crate::support::demo::{edupay, finish, texts};

const TOKEN: &str = "7e3fb20b-4cdb-47cc-936d-99d65f608138";
const LIVE_KEY: &str = "sk_live_edupay000000000000000000";

/// A development root, and a file with the settings that `dev-root` printed.
struct Workshop {
    folder: TempDir,
}

impl Workshop {
    fn open() -> Self {
        let workshop = Self { folder: TempDir::new().expect("a temporary directory") };
        let settings = workshop.ok(workshop.bare().args(["appstore", "dev-root"]));
        fs::write(workshop.config(), settings).expect("a file");
        workshop
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("edupay.toml")
    }

    fn dev(&self) -> PathBuf {
        self.folder.path().join("data/appstore-dev")
    }

    /// Without the settings.
    fn bare(&self) -> Command {
        let mut command = edupay();
        command.arg("--data-dir").arg(self.folder.path().join("data"));
        command
    }

    fn appstore(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare();
        command.arg("--config").arg(self.config()).arg("appstore").args(arguments);
        command
    }

    #[track_caller]
    fn ok(&self, command: &mut Command) -> String {
        let output = finish(command);
        let (out, err) = texts(&output);
        assert!(output.status.success(), "{command:?}: {out}{err}");
        out
    }

    /// What was signed.
    #[track_caller]
    fn signed(&self, arguments: &[&str]) -> String {
        self.ok(&mut self.appstore(arguments)).trim().to_owned()
    }

    /// What `check` says to a text that is accepted.
    #[track_caller]
    fn told(&self, signed: &str) -> Value {
        let out = self.ok(&mut self.appstore(&["check", signed]));
        serde_json::from_str(&out).expect("JSON")
    }

    /// The code by which `check` refuses.
    #[track_caller]
    fn refusal(&self, mut command: Command) -> Value {
        let output = finish(&mut command);
        let (out, err) = texts(&output);
        assert_eq!((output.status.code(), err.as_str()), (Some(1), ""), "{out}");
        serde_json::from_str::<Value>(&out).expect("JSON")["refused"].clone()
    }
}

#[test]
fn a_purchase_is_signed_and_believed() {
    let workshop = Workshop::open();
    let signed = workshop.signed(&[
        "sign-transaction",
        "--product-id=com.example.coins6",
        "--transaction-id=2000000123456789",
        "--quantity=2",
        "--price=6000",
        "--app-account-token=7E3FB20B-4CDB-47CC-936D-99D65F608138",
        "--purchased-at=2026-02-28T20:00:00+08:00",
        "--signed-at=2026-03-01T12:00:00Z",
    ]);
    assert_eq!(signed.split('.').count(), 3, "{signed}");
    let expected = json!({
        "kind": "transaction",
        "transaction_id": "2000000123456789",
        "environment": "sandbox",
        "product_id": "com.example.coins6",
        "product_type": "Consumable",
        "quantity": 2,
        "ownership": "PURCHASED",
        "app_account_token": TOKEN,
        "purchased_at": "2026-02-28T12:00:00.000000Z",
        "signed_at": "2026-03-01T12:00:00.000000Z",
        "refunded_milli_percent": 0,
        "price_milli_units": 6000,
        "currency": "CNY",
    });
    assert_eq!(workshop.told(&signed), expected);
}

#[test]
fn two_purchases_have_two_numbers() {
    let workshop = Workshop::open();
    let sign = || workshop.signed(&["sign-transaction", "--product-id=com.example.coins6"]);
    let numbers = [sign(), sign()].map(|signed| workshop.told(&signed)["transaction_id"].clone());
    assert_ne!(numbers[0], numbers[1]);
    assert!(numbers.iter().all(|number| number.as_str().is_some_and(|number| number.len() == 16)), "{numbers:?}");
}

#[test]
fn a_refund_is_notified_with_its_transaction() {
    let workshop = Workshop::open();
    let revoked = workshop.signed(&[
        "sign-transaction",
        "--product-id=com.example.coins6",
        "--revocation-type=REFUND_PRORATED",
        "--revocation-percentage=50000",
    ]);
    let file = workshop.folder.path().join("transaction.txt");
    fs::write(&file, format!("{revoked}\n")).expect("a file");
    let transaction = workshop.told(&revoked);
    assert_eq!(transaction["refunded_milli_percent"], 50_000);
    for given in [revoked.as_str(), file.to_str().expect("a path")] {
        let body = workshop.signed(&["sign-notification", "--type=REFUND", "--transaction", given]);
        let payload: Value = serde_json::from_str(&body).expect("JSON");
        // The body as it is posted, and the signed text alone.
        for text in [body.as_str(), payload["signedPayload"].as_str().expect("a text")] {
            let told = workshop.told(text);
            assert_eq!((&told["kind"], &told["type"]), (&json!("notification"), &json!("REFUND")));
            assert_eq!(told["transaction"], transaction);
        }
    }
}

#[test]
fn a_notification_signs_its_own_transaction_or_has_none() {
    let workshop = Workshop::open();
    let body = workshop.signed(&[
        "sign-notification",
        "--type=CONSUMPTION_REQUEST",
        "--subtype=INITIAL",
        "--consumption-reason=UNINTENDED_PURCHASE",
        "--product-id=com.example.coins6",
    ]);
    let told = workshop.told(&body);
    assert_eq!(told["transaction"]["product_id"], "com.example.coins6");
    assert_eq!((&told["subtype"], &told["consumption_reason"]), (&json!("INITIAL"), &json!("UNINTENDED_PURCHASE")));
    let told = workshop.told(&workshop.signed(&["sign-notification", "--type=TEST"]));
    assert_eq!(told["transaction"], Value::Null);
}

#[test]
fn a_text_is_checked_from_standard_input_too() {
    let workshop = Workshop::open();
    let signed = workshop.signed(&["sign-transaction", "--product-id=com.example.coins6"]);
    let file = workshop.folder.path().join("input");
    fs::write(&file, format!("\n{signed}\n")).expect("a file");
    let mut command = workshop.appstore(&["check"]);
    command.stdin(Stdio::from(fs::File::open(&file).expect("the file")));
    assert!(workshop.ok(&mut command).contains("com.example.coins6"));
}

#[test]
fn what_is_not_for_this_app_is_refused_with_a_code() {
    let workshop = Workshop::open();
    for (more, code) in [
        ("--bundle-id=com.example.other", "app_store_other_app"),
        ("--environment=Production", "app_store_other_environment"),
        ("--environment=Xcode", "app_store_other_environment"),
        ("--signed-at=2999-01-01T00:00:00Z", "app_store_signed_in_future"),
        ("--signed-at=1999-01-01T00:00:00Z", "app_store_bad_signature"),
        ("--app-account-token=user-7", "app_store_malformed"),
    ] {
        let signed = workshop.signed(&["sign-transaction", "--product-id=com.example.coins6", more]);
        assert_eq!(workshop.refusal(workshop.appstore(&["check", &signed])), code, "{more}");
    }
    assert_eq!(workshop.refusal(workshop.appstore(&["check", "nonsense"])), "app_store_malformed");
    let stranger = Workshop::open();
    let signed = stranger.signed(&["sign-transaction", "--product-id=com.example.coins6"]);
    assert_eq!(workshop.refusal(workshop.appstore(&["check", &signed])), "app_store_bad_signature");
    let mut unconfigured = workshop.bare();
    unconfigured.args(["appstore", "check", &signed]);
    assert_eq!(workshop.refusal(unconfigured), "app_store_not_configured");
}

/// What a program of these settings answers instead of working.
#[track_caller]
fn stopped(command: &mut Command) -> String {
    let output = finish(command);
    let (out, err) = texts(&output);
    assert!(!output.status.success() && out.is_empty(), "{command:?}: {out}{err}");
    assert_eq!(err.trim_end().lines().count(), 1, "{err}");
    err
}

#[test]
fn a_root_of_ones_own_is_for_the_sandbox_only() {
    let workshop = Workshop::open();
    let mut production = workshop.appstore(&["check", "x"]);
    production.env("EDUPAY_APPSTORE__ENVIRONMENT", "production").env("EDUPAY_APPSTORE__APP_APPLE_ID", "1234567890");
    let err = stopped(&mut production);
    assert!(err.contains("appstore.root_certificate_files") && err.contains("AppleRootCA-G3.cer"), "{err}");
    // Apple's root needs no file.
    let signed = workshop.signed(&["sign-transaction", "--product-id=com.example.coins6"]);
    let mut production = workshop.appstore(&["check", &signed]);
    production.env("EDUPAY_APPSTORE__ENVIRONMENT", "production").env("EDUPAY_APPSTORE__APP_APPLE_ID", "1234567890");
    production.env("EDUPAY_APPSTORE__ROOT_CERTIFICATE_FILES", "[]");
    assert_eq!(workshop.refusal(production), "app_store_bad_signature");
}

#[test]
fn play_money_of_the_app_store_and_a_live_key_do_not_mix() {
    let workshop = Workshop::open();
    let err = stopped(workshop.appstore(&["check", "x"]).env("EDUPAY_PINGPP__API_KEY", LIVE_KEY));
    assert!(err.contains("appstore.environment") && !err.contains(LIVE_KEY), "{err}");
}

#[test]
fn files_that_are_not_what_they_should_be_stop_the_start() {
    let workshop = Workshop::open();
    let key = workshop.dev().join("leaf-key.pem");
    let server = |key: &Path| {
        let mut command = workshop.appstore(&["check", "x"]);
        command.env("EDUPAY_APPSTORE__ISSUER_ID", "issuer").env("EDUPAY_APPSTORE__KEY_ID", "key");
        command.env("EDUPAY_APPSTORE__PRIVATE_KEY_FILE", key);
        command
    };
    let roots = |list: String| {
        let mut command = workshop.appstore(&["check", "x"]);
        command.env("EDUPAY_APPSTORE__ROOT_CERTIFICATE_FILES", list);
        command
    };
    let mut plain = server(&key);
    plain.env("EDUPAY_APPSTORE__ENVIRONMENT", "production").env("EDUPAY_APPSTORE__APP_APPLE_ID", "1234567890");
    plain.env("EDUPAY_APPSTORE__ROOT_CERTIFICATE_FILES", "[]").env("EDUPAY_APPSTORE__API_BASE", "http://127.0.0.1:1");
    let mut nowhere = server(&key);
    nowhere.env("EDUPAY_APPSTORE__API_BASE", "nowhere");
    for (mut command, name) in [
        (server(Path::new("/nonexistent/key.p8")), "appstore.private_key_file"),
        (server(&workshop.config()), "appstore.private_key_file"),
        (roots("[\"/nonexistent/root.cer\"]".to_owned()), "appstore.root_certificate_files"),
        (roots(format!("[{key:?}]")), "appstore.root_certificate_files"),
        (nowhere, "appstore.api_base"),
        (plain, "appstore.api_base"),
    ] {
        let err = stopped(&mut command);
        assert!(err.contains(name), "{name}: {err}");
    }
    // A key that is one is not asked for anything.
    assert_eq!(workshop.refusal(server(&key)), "app_store_malformed");
}

#[test]
fn a_development_root_is_not_replaced_and_its_key_not_shown() {
    use std::os::unix::fs::PermissionsExt;
    let workshop = Workshop::open();
    let key = workshop.dev().join("leaf-key.pem");
    let before = fs::read(&key).expect("a key");
    assert_eq!(fs::metadata(&key).expect("a key").permissions().mode() & 0o777, 0o600);
    let err = stopped(&mut workshop.appstore(&["dev-root"]));
    assert!(err.contains("appstore-dev"), "{err}");
    assert_eq!(fs::read(&key).expect("a key"), before);
    let elsewhere = workshop.folder.path().join("elsewhere");
    let err = stopped(&mut workshop.appstore(&[
        "sign-transaction",
        "--product-id=com.example.coins6",
        "--dir",
        elsewhere.to_str().expect("a path"),
    ]));
    assert!(err.contains("dev-root"), "{err}");
}

#[test]
fn the_app_stores_server_tells_what_was_missed() {
    let workshop = Workshop::open();
    let body = workshop.signed(&["sign-notification", "--type=REFUND", "--product-id=com.example.coins6"]);
    let body: Value = serde_json::from_str(&body).expect("JSON");
    let page = json!({ "notificationHistory": [body, { "signedPayload": "nonsense" }], "hasMore": false }).to_string();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("a port"));
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a request");
        let mut asked = Vec::new();
        // The body is one JSON object without another inside.
        while !asked.ends_with(b"}") {
            let mut bytes = [0; 4_096];
            let count = stream.read(&mut bytes).expect("a request");
            assert!(count > 0, "the request was cut");
            asked.extend(&bytes[..count]);
        }
        let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{page}", page.len());
        stream.write_all(head.as_bytes()).expect("an answer");
        String::from_utf8(asked).expect("text")
    });
    let mut command = workshop.appstore(&["notifications", "--hours=48"]);
    command.env("EDUPAY_APPSTORE__ISSUER_ID", "issuer").env("EDUPAY_APPSTORE__KEY_ID", "key");
    // Any P-256 key will do.
    command.env("EDUPAY_APPSTORE__PRIVATE_KEY_FILE", workshop.dev().join("leaf-key.pem"));
    command.env("EDUPAY_APPSTORE__API_BASE", address);
    let output = finish(&mut command);
    let (out, err) = texts(&output);
    // One of the two is refused.
    assert_eq!(output.status.code(), Some(1), "{out}{err}");
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((lines.len(), &lines[0]["type"]), (2, &json!("REFUND")));
    assert_eq!(lines[1], json!({ "refused": "app_store_malformed" }));
    let asked = server.join().expect("a request");
    assert!(asked.starts_with("POST /inApps/v1/notifications/history HTTP/1.1\r\n"), "{asked}");
}
