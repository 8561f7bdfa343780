//! A canary in every secret's place: whatever the program is asked, however it fails, and however much of
//! it is logged, none of them is ever seen in what it writes or answers.

use crate::support::database::{Database, PostgresDatabase};
use crate::support::demo::{Demo, Program, edupay, finish, texts};
use crate::support::http::Request;
use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use serde_json::{Value, json};
use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const API_KEY: &str = "sk_test_canary00api00key00000000";
const DATABASE_PASSWORD: &str = "canary-database-password";
const PASSWORD: &str = "canary-password";
const WRONG_PASSWORD: &str = "canary-wrong-password";
const BAD_TOKEN: &str = "ca4a2ca4a2ca4a2ca4a2ca4a2ca4a2ca4a2ca4a2";
const IDEMPOTENCY_KEY: &str = "canary-idempotency-key";
const SIGNATURE: &str = "canary-signature";
const TRANSACTION: &str = "canary-transaction.canary.canary";
const BODY: &str = "canary-body";
const STAFF: &str = "13800138000";
const PUPIL: &str = "13800138001";
const NICKNAME: &str = "canary-nickname";
/// Everything that our own crates would tell anybody.
const LEVEL: &str = "info,edupay=trace,edupay_http=trace,edupay_domain=trace,edupay_persistence=trace,\
     edupay_pingpp=trace,edupay_appstore=trace,edupay_sandbox=trace";

/// A program whose every secret is a canary, and what it must never tell.
struct Nest {
    database: Database,
    folder: TempDir,
    settings: Vec<(&'static str, String)>,
    key_lines: Vec<String>,
}

impl Nest {
    fn build(database: Database, gateway: &str) -> Self {
        let folder = TempDir::new().expect("a temporary directory");
        let file = |name: &str, pem: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, pem).expect("a key file");
            path.display().to_string()
        };
        let rsa = Rsa::generate(2048).and_then(PKey::from_rsa).expect("a key");
        let rsa_pem = rsa.private_key_to_pem_pkcs8().expect("PEM");
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("a curve");
        let ec = EcKey::generate(&group).and_then(PKey::from_ec_key).expect("a key");
        let ec_pem = ec.private_key_to_pem_pkcs8().expect("PEM");
        let public = file("public.pem", &rsa.public_key_to_pem().expect("PEM"));
        let mut settings = vec![
            ("EDUPAY_LOG__LEVEL", LEVEL.to_owned()),
            ("EDUPAY_PINGPP__API_BASE", gateway.to_owned()),
            ("EDUPAY_PINGPP__API_KEY", API_KEY.to_owned()),
            ("EDUPAY_PINGPP__APP_ID", "app_0000000000000000".to_owned()),
            ("EDUPAY_PINGPP__PRIVATE_KEY_FILE", file("private.pem", &rsa_pem)),
            ("EDUPAY_PINGPP__PUBLIC_KEY_FILES", format!("[{public:?}]")),
            ("EDUPAY_APPSTORE__BUNDLE_ID", "com.example.edupay".to_owned()),
            ("EDUPAY_APPSTORE__ENVIRONMENT", "sandbox".to_owned()),
            ("EDUPAY_APPSTORE__ISSUER_ID", "57246542-96fe-1a63-e053-0824d011072a".to_owned()),
            ("EDUPAY_APPSTORE__KEY_ID", "2X9R4HXF34".to_owned()),
            ("EDUPAY_APPSTORE__PRIVATE_KEY_FILE", file("SubscriptionKey.p8", &ec_pem)),
            ("EDUPAY_APPSTORE__API_BASE", gateway.to_owned()),
            ("EDUPAY_HTTP__GRACE_SECONDS", "0".to_owned()),
        ];
        if let Database::Postgres(database) = &database {
            let (start, rest) = database.url.split_once('@').expect("the test server's URL names a user");
            let user = start.rsplit_once('/').map_or(start, |(_, user)| user).split(':').next().unwrap_or_default();
            settings.push(("EDUPAY_DATABASE_URL", format!("postgres://{user}:{DATABASE_PASSWORD}@{rest}")));
        }
        let lines = |pem: &[u8]| -> Vec<String> {
            let text = String::from_utf8(pem.to_vec()).expect("PEM is text");
            text.lines().filter(|line| !line.starts_with("--")).map(str::to_owned).collect()
        };
        // The first line is the same for every key of a kind.
        let key_lines = [lines(&rsa_pem), lines(&ec_pem)].into_iter().flat_map(|lines| lines.into_iter().skip(1));
        let key_lines = key_lines.collect();
        Self { database, folder, settings, key_lines }
    }

    fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = edupay();
        command.args(arguments).arg("--data-dir").arg(self.data_dir());
        command.envs(self.settings.iter().map(|(name, value)| (*name, value)));
        command
    }

    /// A command to its end, with this on its standard input; all it wrote.
    fn run(&self, arguments: &[&str], input: &str) -> (String, String) {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(input.as_bytes()).and_then(|()| file.seek(SeekFrom::Start(0))).expect("an input");
        let mut command = self.command(arguments);
        command.stdin(file);
        texts(&finish(&mut command))
    }

    /// What must be in no log; replies may hold what their receiver has just sent or asked for.
    fn secrets(&self) -> Vec<&str> {
        let fixed =
            [API_KEY, DATABASE_PASSWORD, PASSWORD, WRONG_PASSWORD, BAD_TOKEN, IDEMPOTENCY_KEY, SIGNATURE, TRANSACTION];
        fixed.into_iter().chain(self.key_lines.iter().map(String::as_str)).collect()
    }

    #[track_caller]
    fn assert_silent(&self, what: &str, text: &str, more: &[&str]) {
        for secret in self.secrets().iter().chain(more) {
            assert!(!text.contains(secret), "{what} tells {secret:?}:\n{text}");
        }
    }
}

/// What is asked of it: all that goes well, and all the ways in which it does not.
fn requests(token: &str) -> Vec<Request> {
    let keyed = |request: Request| request.token(token).header("Idempotency-Key", IDEMPOTENCY_KEY);
    let log_in = |password: &str| json!({ "username": STAFF, "password": password }).to_string();
    let pupil = json!({ "username": PUPIL, "password": PASSWORD, "nickname": NICKNAME }).to_string();
    let odd = format!("{{\"order_no\":\"{BODY}\",\"channel\":\"{BODY}\"}}");
    vec![
        Request::post("/account/login/").json(log_in(WRONG_PASSWORD)),
        Request::post("/account/login/").json(log_in(PASSWORD)),
        Request::post("/account/login/").form(format!("username={STAFF}&password={PASSWORD}%00")),
        Request::post("/account/login/").header("Content-Type", "text/plain").body(log_in(PASSWORD)),
        Request::get("/v1/me").token(BAD_TOKEN),
        Request::get("/v1/me").header("Authorization", format!("Bearer {token}")),
        Request::get("/v1/me").header("Authorization", format!("Token {token} {token}")),
        Request::get("/v1/me").token(token),
        keyed(Request::post("/v1/users").json(&pupil)),
        // The name is taken now: the database's own words hold it.
        keyed(Request::post("/v1/users").json(&pupil)),
        keyed(Request::post("/v1/courses").json(json!({ "name": "c", "price_fen": 100 }).to_string())),
        keyed(Request::post("/v1/orders").json(r#"{"course_ids":[1]}"#)),
        keyed(Request::put("/pay/pay_in_balance/").json(&odd)),
        keyed(Request::put("/pay/pay_for_order/").form(format!("order_no=12134676899915430002&channel={BODY}"))),
        // The gateway does not know the key, and may well say so with it.
        keyed(Request::post("/v1/top-ups").json(r#"{"amount_fen":100,"channel":"alipay"}"#)),
        keyed(Request::put("/pay/fill_in_balance/").form(format!("amount=1&transaction={TRANSACTION}"))),
        keyed(Request::put("/pay/fill_in_balance/").form("amount=1&charge=ch_WrHW58Ki5unLCSuf54OuHKCS")),
        Request::get("/v1/me").token(token).header("Idempotency-Key", format!("{IDEMPOTENCY_KEY} spoilt")),
        Request::post("/api/Pay/PayMoney").token(token).json(format!("{{userID:'{BODY}',empName:'{NICKNAME}'")),
        Request::post("/webhooks/pingpp").header("X-Pingplusplus-Signature", SIGNATURE).json(&odd),
        Request::post("/webhooks/app-store").json(json!({ "signedPayload": TRANSACTION }).to_string()),
        Request::get(&format!("/cashier/{token}")),
        Request::get(&format!("/nobody/{token}?token={token}&password={PASSWORD}")),
        Request::get("/metrics"),
        Request::get("/readyz"),
        Request::get("/openapi.json"),
    ]
}

fn a_canary_in_every_secrets_place_is_never_seen(database: Database) {
    // Only its sandbox is needed: a gateway that does not know the canary of a key.
    let other = Demo::on_sqlite();
    let nest = Nest::build(database, other.sandbox.address());
    let (out, err) = nest.run(&["migrate"], "");
    nest.assert_silent("migrate", &(out + &err), &[]);
    let (out, err) = nest.run(&["config"], "");
    nest.assert_silent("config", &(out + &err), &[]);
    let (out, err) = nest.run(&["user", "create", STAFF, "--staff"], &format!("{PASSWORD}\n"));
    nest.assert_silent("user create", &(out + &err), &[]);
    let (out, err) = nest.run(&["token", "issue", STAFF], "");
    let issued: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));
    let token = issued["token"].as_str().expect("a token").to_owned();
    nest.assert_silent("token issue", &err, &[&token]);

    let log = nest.folder.path().join("canary.log");
    let program = Program::start(nest.command(&["serve", "--listen", "127.0.0.1:0"]), &log);
    let service = program.addresses.service.clone().expect("a service");
    let ask_all = || {
        for request in requests(&token) {
            let reply = request.send(&service);
            nest.assert_silent("a reply", &reply.text(), &[]);
        }
    };
    ask_all();
    // What the database says when it fails may hold whatever it was asked.
    for table in ["courses", "users", "tokens"] {
        let gone = format!("ALTER TABLE {table} RENAME TO {table}_gone");
        nest.database.by_hand(&nest.data_dir(), &gone).expect("a table that is gone");
        ask_all();
    }
    end(&program);
    let personal = [token.as_str(), BODY, NICKNAME, STAFF, PUPIL];
    let written = read(&log);
    assert!(written.lines().count() > 50, "it was logged: {written}");
    nest.assert_silent("the log", &written, &personal);
}

fn end(program: &Program) {
    let mut child = program.child.borrow_mut();
    let terminate = format!("kill -TERM {}", child.id());
    let sent = Command::new("sh").args(["-c", &terminate]).status();
    assert!(sent.is_ok_and(|status| status.success()), "{terminate}");
    assert!(child.wait().expect("a child of ours").success());
}

fn read(log: &Path) -> String {
    fs::read_to_string(log).expect("a log")
}

#[test]
fn no_canary_is_seen_on_sqlite() {
    a_canary_in_every_secrets_place_is_never_seen(Database::Sqlite);
}

#[test]
fn no_canary_is_seen_on_postgres() {
    let Some(database) = PostgresDatabase::create() else { return };
    a_canary_in_every_secrets_place_is_never_seen(Database::Postgres(database));
}

#[test]
fn no_canary_is_seen_when_nothing_can_be_reached() {
    // Nobody listens on port 1: neither a database nor a gateway.
    let mut nest = Nest::build(Database::Sqlite, "http://127.0.0.1:1");
    let url = |rest: &str| format!("postgres://{STAFF}:{DATABASE_PASSWORD}{rest}");
    for rest in ["@127.0.0.1:1/db?connect_timeout=2", "@/db?host=/nonexistent", "%zz@127.0.0.1:1/db"] {
        nest.settings.retain(|(name, _)| *name != "EDUPAY_DATABASE_URL");
        nest.settings.push(("EDUPAY_DATABASE_URL", url(rest)));
        for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["verify"], &["user", "list"], &["config"]] {
            let (out, err) = nest.run(arguments, "");
            nest.assert_silent(&arguments.join(" "), &(out + &err), &[]);
        }
    }
}
