//! The command line: what it prints, what it refuses, and that it never shows a secret.

use serde_json::Value;
use std::fs;
use std::process::{Command, Output};
use tempfile::TempDir;

use crate::support::demo::{Demo, Program, edupay, finish, texts};
use crate::support::http::Request;
use crate::support::shop::{ORDER_OF_99, XIAOCHEN};

const LIVE_KEY: &str = "sk_live_edupay000000000000000000";

fn run(command: &mut Command) -> (Output, String, String) {
    let output = finish(command);
    let (out, err) = texts(&output);
    (output, out, err)
}

/// A command on an empty data directory that must fail at once, with one line that says why.
#[track_caller]
fn refused(arguments: &[&str], settings: &[(&str, &str)]) -> String {
    let folder = TempDir::new().expect("a temporary directory");
    let mut command = edupay();
    command.args(arguments).arg("--data-dir").arg(folder.path().join("data"));
    command.envs(settings.iter().copied());
    let (output, out, err) = run(&mut command);
    assert!(!output.status.success(), "{arguments:?} {settings:?}: {out}{err}");
    assert_eq!(out, "", "nothing listens, so nothing is announced");
    err
}

#[test]
fn help_names_every_command_and_each_explains_itself() {
    let (output, out, _) = run(edupay().arg("--help"));
    assert!(output.status.success());
    for command in [
        "demo", "serve", "sandbox", "migrate", "verify", "recover", "review", "config", "user", "token", "course",
        "product", "school", "student", "project", "package", "appstore", "webhook",
    ] {
        assert!(out.contains(command), "{command}: {out}");
        let (output, help, err) = run(edupay().args([command, "--help"]));
        assert!(output.status.success() && help.contains("Usage"), "{command}: {help}{err}");
    }
    let (output, out, _) = run(edupay().arg("--version"));
    assert!(output.status.success() && out.contains(env!("CARGO_PKG_VERSION")), "{out}");
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_refused_by_its_name_and_does_not_matter_when_it_is_none_of_ours() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let odd = OsStr::from_bytes(b"\xff");
    let (output, _, err) = run(edupay().arg("config").env("SOMEBODY_ELSES", odd));
    assert!(output.status.success(), "{err}");
    let (output, _, err) = run(edupay().arg("config").env("EDUPAY_PUBLIC_URL", odd));
    assert!(!output.status.success() && err.contains("EDUPAY_PUBLIC_URL: not UTF-8"), "{err}");
}

#[test]
fn an_unknown_command_is_refused_with_a_hint() {
    let (output, _, err) = run(edupay().arg("serv"));
    assert_eq!(output.status.code(), Some(2));
    assert!(err.contains("serve"), "{err}");
}

#[test]
fn config_prints_every_setting_with_its_source_and_no_secret() {
    let folder = TempDir::new().expect("a temporary directory");
    let file = folder.path().join("edupay.toml");
    fs::write(
        &file,
        "public_url = \"https://pay.example.org\"\n[pingpp]\napi_key = \"sk_test_canary000000000000000000\"\n",
    )
    .expect("a file");
    let mut command = edupay();
    command.arg("config").arg("--config").arg(&file);
    command.env("EDUPAY_LISTEN", "127.0.0.1:18000");
    command.env("EDUPAY_CAMPUS__WEB_PATH", "/campus");
    command.env("EDUPAY_APPSTORE__SANDBOX_USERS", "[7, 8]");
    command.env("EDUPAY_DATABASE_URL", "postgres://edupay:canary-password@127.0.0.1/edupay");
    let (output, out, err) = run(&mut command);
    assert!(output.status.success(), "{err}");
    for name in [
        "database_url",
        "listen",
        "data_dir",
        "public_url",
        "business_failure_status",
        "api_base",
        "api_key",
        "app_id",
        "private_key_file",
        "public_key_files",
        "max_amount",
        "database.prepared_statements = \"auto\"  # default",
        "campus.web_path = \"/campus\"  # EDUPAY_CAMPUS__WEB_PATH",
        "packages.lifetime_minutes",
        "packages.charge_lifetime_minutes",
        "cashier.link_lifetime_minutes",
        "idempotency.lifetime_hours = 24  # default",
        "idempotency.lease_seconds = 30  # default",
        "appstore.bundle_id = \"\"  # default",
        "appstore.app_apple_id",
        "appstore.environment = \"production\"  # default",
        "appstore.root_certificate_files = []  # default",
        "appstore.allow_missing_token = false  # default",
        "appstore.sandbox_users = [7,8]  # EDUPAY_APPSTORE__SANDBOX_USERS",
        "appstore.issuer_id",
        "appstore.key_id",
        "appstore.private_key_file",
        "appstore.api_base",
    ] {
        assert!(out.contains(name), "{name}: {out}");
    }
    for value in ["https://pay.example.org", "127.0.0.1:18000", "EDUPAY_LISTEN", "edupay.toml"] {
        assert!(out.contains(value), "{value}: {out}");
    }
    for secret in ["canary000", "canary-password"] {
        assert!(!out.contains(secret) && !err.contains(secret), "{out}{err}");
    }
}

#[test]
fn a_campaign_is_a_list_of_rising_amounts() {
    for (value, fault) in [
        (r#"[{from = "100.00", bonus = "5.00"}, {from = "500.00", bonus = "40.00"}]"#, None),
        (r#"[{from = "500.00", bonus = "40.00"}, {from = "100.00", bonus = "5.00"}]"#, Some("rise from tier to tier")),
        (r#"[{from = "100.00", bonus = "0"}]"#, Some("above zero")),
        (r#"[{from = "1e3", bonus = "1.00"}]"#, Some("only digits")),
    ] {
        let mut command = edupay();
        command.arg("config").env("EDUPAY_TOP_UPS__BONUS", value);
        let (output, out, err) = run(&mut command);
        match fault {
            None => assert!(output.status.success() && out.contains("top_ups.bonus"), "{out}{err}"),
            Some(fault) => {
                assert!(!output.status.success() && err.contains("top_ups.bonus") && err.contains(fault), "{err}");
            }
        }
    }
}

#[test]
fn prepared_statements_are_auto_on_or_off_in_a_file_and_in_a_variable() {
    let folder = TempDir::new().expect("a temporary directory");
    let file = folder.path().join("edupay.toml");
    for value in ["auto", "on", "off"] {
        fs::write(&file, format!("[database]\nprepared_statements = \"{value}\"\n")).expect("a file");
        let mut by_file = edupay();
        by_file.arg("config").arg("--config").arg(&file);
        let mut by_variable = edupay();
        by_variable.arg("config").env("EDUPAY_DATABASE__PREPARED_STATEMENTS", value);
        for (mut command, source) in [(by_file, "edupay.toml"), (by_variable, "EDUPAY_DATABASE__PREPARED_STATEMENTS")] {
            let (output, out, err) = run(&mut command);
            assert!(output.status.success(), "{value}: {err}");
            let line = out.lines().find(|line| line.starts_with("database.prepared_statements = "));
            let line = line.expect("a line of the setting");
            assert!(line.contains(&format!("\"{value}\"")) && line.ends_with(source), "{line}");
        }
    }
}

#[test]
fn a_wrong_setting_stops_the_start_and_names_itself() {
    for (name, value, shown) in [
        ("EDUPAY_LISTEN", "nowhere", "listen"),
        ("EDUPAY_DATABASE_URL", "mysql://127.0.0.1/x", "database_url"),
        ("EDUPAY_BUSINESS_FAILURE_STATUS", "418", "business_failure_status"),
        ("EDUPAY_LIMITS__MAX_AMOUNT", "1e9", "max_amount"),
        ("EDUPAY_LIMITS__IN_FLIGHT", "3", "limits.in_flight"),
        ("EDUPAY_LIMITS__READ_BURST", "0", "limits.read_burst"),
        ("EDUPAY_DATABASE__PREPARED_STATEMENTS", "sometimes", "database.prepared_statements"),
        ("EDUPAY_PINGPP__PRIVATE_KEY_FILE", "/nonexistent/key.pem", "private_key_file"),
        ("EDUPAY_PINGPP__PUBLIC_KEY_FILES", "[\"/nonexistent/key.pem\"]", "public_key_files"),
        ("EDUPAY_CAMPUS__WEB_PATH", "campus/", "campus.web_path"),
        ("EDUPAY_PUBLIC_URL", "pay.example.org", "public_url"),
        ("EDUPAY_PACKAGES__LIFETIME_MINUTES", "1", "packages.lifetime_minutes"),
        ("EDUPAY_CASHIER__LINK_LIFETIME_MINUTES", "0", "cashier.link_lifetime_minutes"),
        ("EDUPAY_APPSTORE__ENVIRONMENT", "xcode", "appstore.environment"),
        ("EDUPAY_APPSTORE__BUNDLE_ID", "com.example.edupay", "appstore.app_apple_id"),
        ("EDUPAY_APPSTORE__APP_APPLE_ID", "com.example.edupay", "appstore.app_apple_id"),
        ("EDUPAY_APPSTORE__APP_APPLE_ID", "1234567890", "appstore.bundle_id"),
        ("EDUPAY_APPSTORE__SANDBOX_USERS", "[0]", "appstore.sandbox_users"),
        ("EDUPAY_APPSTORE__KEY_ID", "ABC123DEFG", "appstore.issuer_id"),
        ("EDUPAY_LISSEN", "127.0.0.1:1", "lissen"),
        ("EDUPAY_LISTEN", "[::1", "listen"),
        ("EDUPAY_PINGPP__PUBLIC_KEY_FILES", "[/etc/key.pem]", "pingpp.public_key_files"),
        ("EDUPAY_PINGPP__PUBLIC_KEY_FILES", "/etc/key.pem", "expected a list"),
    ] {
        // `--listen` would hide a wrong EDUPAY_LISTEN.
        let arguments: &[&str] = if shown == "listen" { &["serve"] } else { &["serve", "--listen", "127.0.0.1:0"] };
        let err = refused(arguments, &[(name, value)]);
        assert!(err.to_lowercase().contains(shown), "{name}: {err}");
        assert!(!err.contains("panicked"), "{name}: {err}");
    }
}

#[test]
fn a_file_that_is_no_toml_is_named_with_the_place_and_without_its_text() {
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("broken.toml");
    fs::write(&file, "listen = \"127.0.0.1:0\"\n[pingpp]\napi_key = sk_live_secret\n").expect("a file");
    let err = refused(&["serve", "--config", file.to_str().expect("a name")], &[]);
    let line = err.lines().next().expect("a line");
    assert!(line.contains("--config") && line.contains("broken.toml") && line.contains("line 3"), "{err}");
    assert!(!err.contains("sk_live_secret") && err.lines().count() == 1, "{err}");
}

#[test]
fn an_address_of_ipv6_is_no_list() {
    let (output, out, err) = run(edupay().arg("config").env("EDUPAY_LISTEN", "[::1]:8000"));
    assert!(output.status.success(), "{err}");
    assert!(out.lines().any(|line| line == "listen = \"[::1]:8000\"  # EDUPAY_LISTEN"), "{out}");
}

#[test]
fn a_demo_takes_an_empty_file_and_a_data_directory_that_a_setting_names() {
    let folder = TempDir::new().expect("a temporary directory");
    let (database, data) = (folder.path().join("empty.db"), folder.path().join("elsewhere/data"));
    fs::write(&database, "").expect("a file");
    let mut command = edupay();
    command.args(["demo", "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0"]);
    command.env("EDUPAY_DATABASE_URL", format!("sqlite://{}", database.display())).env("EDUPAY_DATA_DIR", &data);
    let program = Program::start(command, &folder.path().join("stderr.log"));
    assert!(program.addresses.service.is_some());
    assert!(data.join("sandbox/merchant_private.pem").is_file(), "its files lie where they should");
    assert!(database.metadata().expect("a file").len() > 0, "and so does its data");
}

#[test]
fn a_live_key_and_play_money_do_not_mix() {
    let live = [("EDUPAY_PINGPP__API_KEY", LIVE_KEY)];
    let ports = ["--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0"];
    let demo: Vec<&str> = ["demo"].into_iter().chain(ports).collect();
    let err = refused(&demo, &live);
    assert!(err.contains("live") && !err.contains(LIVE_KEY), "{err}");
    // A live service must know whose webhooks to believe.
    let err = refused(&["serve", "--listen", "127.0.0.1:0"], &live);
    assert!(err.contains("public_key_files") || err.contains("live"), "{err}");
    assert!(!err.contains(LIVE_KEY), "{err}");
}

fn serving_demo_data_with_a_live_key_is_refused(demo: &Demo) {
    demo.terminate();
    live_service_refuses(demo);
    // The public password is as good as a public token.
    for username in ["15201052252", "15201052253"] {
        demo.edupay_ok(&["token", "revoke", username]);
    }
    live_service_refuses(demo);
}

fn live_service_refuses(demo: &Demo) {
    for arguments in [["serve", "--listen", "127.0.0.1:0"].as_slice(), &["recover"]] {
        live_program_refuses(demo, arguments);
    }
}

fn live_program_refuses(demo: &Demo, arguments: &[&str]) {
    let mut command = demo.command(arguments);
    command.env("EDUPAY_PINGPP__API_KEY", LIVE_KEY);
    command.env("EDUPAY_PINGPP__PRIVATE_KEY_FILE", demo.data_dir().join("sandbox/merchant_private.pem"));
    let keys = format!("[{:?}]", demo.data_dir().join("sandbox/pingpp_public.pem"));
    command.env("EDUPAY_PINGPP__PUBLIC_KEY_FILES", keys);
    command.env("EDUPAY_PINGPP__APP_ID", "app_0000000000000000");
    let (output, out, err) = run(&mut command);
    assert!(!output.status.success(), "{arguments:?}: {out}{err}");
    assert!(err.contains("demo"), "{arguments:?}: {err}");
}

fn a_demo_refuses_a_directory_that_is_in_use(demo: &Demo) {
    let listen = ["--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0"];
    let arguments: Vec<&str> = ["demo"].into_iter().chain(listen).collect();
    let (output, out, err) = run(&mut demo.command(&arguments));
    assert!(!output.status.success(), "{out}{err}");
    assert_eq!(demo.order_status(XIAOCHEN, ORDER_OF_99), "unpaid");
}

fn verify_reports_in_json(demo: &Demo) {
    let report: Value = serde_json::from_str(&demo.edupay_ok(&["verify"])).expect("JSON");
    assert_eq!(report["breaches"], serde_json::json!([]));
    demo.pay_in_balance(XIAOCHEN, ORDER_OF_99).expect_status(200);
    demo.verify();
}

/// Asked to end, it ends; and what it acknowledged is there when it serves again.
fn a_service_started_again_knows_everything(demo: &Demo) {
    demo.call(Request::get("/readyz")).expect_status(200);
    demo.pay_in_balance(XIAOCHEN, ORDER_OF_99).expect_status(200);
    demo.terminate();

    let command = demo.gateway_settings(demo.command(&["serve", "--listen", "127.0.0.1:0"]));
    let again = Program::start(command, &demo.data_dir().join("second.log"));
    let service = again.addresses.service.as_deref().expect("a service");
    let request = Request::get(&format!("/v1/orders/{ORDER_OF_99}")).token(XIAOCHEN);
    assert_eq!(request.send(service).expect_status(200).json()["status"], "paid");
}

on_both_databases!(
    serving_demo_data_with_a_live_key_is_refused,
    a_demo_refuses_a_directory_that_is_in_use,
    verify_reports_in_json,
    a_service_started_again_knows_everything,
);
