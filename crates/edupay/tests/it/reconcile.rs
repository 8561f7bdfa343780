//! Reconciliation on the real binary with the sandbox: what its webhooks never told is found, booked by asking
//! the gateway, and gone in the next run.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::demo::{Demo, finish, texts};
use crate::support::http::Request;
use crate::support::patience::wait_for;
use crate::support::shop::{ORDER_OF_66, ORDER_OF_99, XIAOCHEN, XIAOYU, id_of};

/// The background work rests after its first round, so that only a reconciliation finds what was lost.
const RESTING: &[(&str, &str)] = &[("EDUPAY_WORKER__INTERVAL_MILLISECONDS", "86400000")];

/// Yesterday, today and tomorrow in Beijing: a test may run over midnight.
fn days() -> [String; 2] {
    let today = Utc::now() + TimeDelta::hours(8);
    [today - TimeDelta::days(1), today + TimeDelta::days(1)].map(|day| day.format("%Y-%m-%d").to_string())
}

/// `edupay reconcile` of these days, against the demo's sandbox.
fn reconcile(demo: &Demo, arguments: &[&str]) -> Output {
    let [from, to] = days();
    let mut command = demo.command(&["reconcile", "--from", &from, "--to", &to]);
    command.args(arguments);
    finish(&mut demo.gateway_settings(command))
}

/// The same as JSON, with its exit status.
#[track_caller]
fn told(demo: &Demo, arguments: &[&str]) -> (Option<i32>, Value) {
    let output = reconcile(demo, &[&["--json", "-"], arguments].concat());
    let (out, err) = texts(&output);
    let document = serde_json::from_str(&out).unwrap_or_else(|error| panic!("no JSON ({error}): {out}\n{err}"));
    (output.status.code(), document)
}

/// What tells a difference from another one, in their order by name.
fn differences(document: &Value) -> Vec<(String, String, String)> {
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let rows = document["differences"].as_array().expect("a list of differences");
    let mut told: Vec<_> = rows
        .iter()
        .filter(|row| row["kind"] != "paid_day_differs")
        .map(|row| (text(row, "name"), text(row, "kind"), text(row, "standing")))
        .collect();
    told.sort();
    told
}

fn sorted(ids: [&str; 2]) -> [String; 2] {
    let mut ids = ids.map(str::to_owned);
    ids.sort();
    ids
}

/// Two orders of which no webhook told, and one that is well.
fn with_lost_webhooks(demo: &Demo) -> [String; 2] {
    let well = demo.order(XIAOYU, &[3]);
    let charge = demo.charge(XIAOYU, &well, "alipay");
    demo.sandbox.pay(id_of(&charge));
    demo.sandbox.wait_for_deliveries(id_of(&charge), 1);
    demo.sandbox.misbehave(&json!({ "webhooks": { "never": true } }));
    let charges = [ORDER_OF_99, ORDER_OF_66].map(|order_no| demo.charge(XIAOCHEN, order_no, "wx"));
    for charge in &charges {
        demo.sandbox.pay(id_of(charge));
    }
    // Asked for and never paid: no difference.
    demo.charge(XIAOYU, &demo.order(XIAOYU, &[4]), "wx");
    sorted([id_of(&charges[0]), id_of(&charges[1])])
}

#[test]
fn lost_webhooks_are_found_repaired_and_gone() {
    for demo in Demo::with_settings(RESTING) {
        let [one, other] = with_lost_webhooks(&demo);
        let all = |standing: &str| {
            [&one, &other].map(|id| (id.clone(), "missing_here".to_owned(), standing.to_owned())).to_vec()
        };
        let (status, first) = told(&demo, &[]);
        assert_eq!((status, differences(&first)), (Some(1), all("new")), "{first}");
        assert_eq!((&first["run"]["their_payments"], &first["run"]["our_payments"]), (&json!(3), &json!(1)));
        let rows = first["differences"].as_array().expect("a list");
        assert!(rows.iter().all(|row| row["action"] == "confirm" && row["field"] == "amount_fen"), "{first}");
        let (status, second) = told(&demo, &["--repair"]);
        assert_eq!((status, differences(&second)), (Some(1), all("still")), "{second}");
        assert_eq!(second["repaired"], json!({ "done": 2, "for_a_person": 0, "failed": 0 }), "{second}");
        for order_no in [ORDER_OF_99, ORDER_OF_66] {
            assert_eq!(demo.order_status(XIAOCHEN, order_no), "paid");
        }
        assert!(demo.owns(XIAOCHEN, 1) && demo.owns(XIAOCHEN, 2));
        let (status, third) = told(&demo, &[]);
        assert_eq!((status, differences(&third)), (Some(0), all("gone")), "{third}");
        assert_eq!((&third["run"]["differences"], &third["run"]["gone"]), (&json!(0), &json!(2)));
        let (status, fourth) = told(&demo, &[]);
        assert_eq!((status, differences(&fourth)), (Some(0), vec![]), "{fourth}");
        demo.verify();
    }
}

#[test]
fn a_refund_that_was_made_at_the_gateway_is_found_and_booked() {
    for demo in Demo::with_settings(RESTING) {
        let charge = demo.charge(XIAOCHEN, ORDER_OF_99, "wx");
        demo.sandbox.pay(id_of(&charge));
        demo.sandbox.wait_for_deliveries(id_of(&charge), 1);
        demo.sandbox.misbehave(&json!({ "webhooks": { "never": true } }));
        let refund = demo.sandbox.refund_there(id_of(&charge), 900, &json!({}));
        let refund_id = refund["id"].as_str().expect("a refund id").to_owned();
        wait_for("the refund to succeed there", || {
            (demo.sandbox.refunds_of(id_of(&charge))[0]["status"] == "succeeded").then_some(())
        });
        let (status, found) = told(&demo, &["--repair"]);
        let expected = vec![(refund_id, "missing_here".to_owned(), "new".to_owned())];
        assert_eq!((status, differences(&found)), (Some(1), expected), "{found}");
        assert_eq!(found["differences"][0]["action"], "record_refund", "{found}");
        assert_eq!(found["repaired"]["done"], 1, "{found}");
        assert_eq!(demo.order_status(XIAOCHEN, ORDER_OF_99), "partly_refunded");
        assert_eq!(told(&demo, &[]).0, Some(0));
        demo.verify();
    }
}

#[test]
fn what_was_booked_and_is_not_there_waits_for_a_person() {
    for demo in Demo::with_settings(RESTING) {
        let charge = demo.charge(XIAOCHEN, ORDER_OF_99, "wx");
        demo.sandbox.pay(id_of(&charge));
        demo.sandbox.wait_for_deliveries(id_of(&charge), 1);
        // The other side of a gateway that forgot: a sandbox that never had the charge.
        let folder = tempfile::tempdir().expect("a folder");
        let empty = Demo::on_sqlite();
        let [from, to] = days();
        let mut command = demo.command(&["reconcile", "--from", &from, "--to", &to, "--repair", "--json", "-"]);
        command.current_dir(folder.path());
        let output = finish(&mut empty.gateway_settings(command));
        let (out, err) = texts(&output);
        let found: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}\n{err}"));
        let expected = vec![(id_of(&charge).to_owned(), "missing_there".to_owned(), "new".to_owned())];
        assert_eq!((output.status.code(), differences(&found)), (Some(1), expected), "{found}");
        assert_eq!(found["repaired"], json!({ "done": 0, "for_a_person": 1, "failed": 0 }), "{found}");
        demo.verify();
    }
}

#[test]
fn a_gateway_that_cannot_be_asked_is_told_by_the_exit_status() {
    let demo = &Demo::with_settings(RESTING)[0];
    demo.sandbox.misbehave(&json!({ "list": { "drop_before": true } }));
    let output = reconcile(demo, &[]);
    let (out, err) = texts(&output);
    assert_eq!((output.status.code(), out.as_str()), (Some(2), ""), "{err}");
    assert!(err.starts_with("edupay: reconcile: ") && err.lines().count() == 1, "{err}");
    demo.sandbox.behave();
    assert_eq!(reconcile(demo, &[]).status.code(), Some(0));
    let backwards = finish(&mut demo.command(&["reconcile", "--from", "2026-11-28", "--to", "2026-11-27"]));
    assert_eq!(backwards.status.code(), Some(2));
}

const WECHAT: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,\
    付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,\
    商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";

/// A bill of WeChat with these payments of now: number and yuan.
fn bill(payments: &[(&str, &str)]) -> String {
    let now = (Utc::now() + TimeDelta::hours(8)).format("%Y-%m-%d %H:%M:%S");
    let mut text = format!("{WECHAT}\r\n");
    for (place, (number, yuan)) in payments.iter().enumerate() {
        text.push_str(&format!(
            "`{now},`wx1,`1,`0,`,`42000{place},`{number},`o,`APP,`SUCCESS,`OTHERS,`CNY,`{yuan},`0.00,`0,`0,`0.00,`0.00,\
             `,`,`课,`,`0.01,`0.60%,`{yuan},`0.00,`\r\n"
        ));
    }
    text.push_str("总交易单数,应结订单总金额\r\n");
    text.push_str(&format!("`{},`1.00\r\n", payments.len()));
    text
}

#[test]
fn a_bill_of_wechat_is_compared_both_ways_and_excel_opens_what_was_found() {
    for demo in Demo::with_settings(RESTING) {
        let charges = [ORDER_OF_99, ORDER_OF_66].map(|order_no| demo.charge(XIAOCHEN, order_no, "wx"));
        for charge in &charges {
            demo.sandbox.pay(id_of(charge));
            demo.sandbox.wait_for_deliveries(id_of(charge), 1);
        }
        let folder = tempfile::tempdir().expect("a folder");
        let (file, csv) = (folder.path().join("bill.csv"), folder.path().join("out.csv"));
        // One of another amount, one of nobody here with a name that is a formula, and one missing.
        fs::write(&file, bill(&[(ORDER_OF_99, "98.00"), ("=1+1", "5.00")])).expect("a file");
        let arguments = ["--bills-only", "--wechat-bill", path(&file), "--csv", path(&csv)];
        let (status, found) = told(&demo, &arguments);
        assert_eq!(status, Some(1));
        let kinds: Vec<_> = differences(&found).into_iter().map(|(_, kind, _)| kind).collect();
        let mut kinds = kinds.iter().map(String::as_str).collect::<Vec<_>>();
        kinds.sort_unstable();
        assert_eq!(kinds, ["amount_differs", "missing_here", "missing_there"], "{found}");
        let bytes = fs::read(&csv).expect("the file");
        assert!(bytes.starts_with(b"\xef\xbb\xbf") && bytes.ends_with(b"\r\n"));
        excel_sees(&csv);
        // The bill alone that is right has nothing to tell.
        fs::write(&file, bill(&[(ORDER_OF_99, "99.00"), (ORDER_OF_66, "66.00")])).expect("a file");
        let (status, found) = told(&demo, &["--bills-only", "--wechat-bill", path(&file)]);
        assert_eq!(status, Some(0), "{found}");
        assert_eq!(found["run"]["gone"], 3, "{found}");
        demo.verify();
    }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}

/// Another reader of CSV than the one that wrote it.
fn excel_sees(csv: &Path) {
    const PYTHON: &str = "import csv, json, sys\n\
        rows = list(csv.DictReader(open(sys.argv[1], encoding='utf-8-sig', newline='')))\n\
        print(json.dumps(rows))\n";
    let Ok(output) = Command::new("python3").args(["-c", PYTHON]).arg(csv).output() else {
        eprintln!("skipped: there is no python3 to read the CSV file");
        return;
    };
    let (out, err) = texts(&output);
    let rows: Vec<Value> = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {err}"));
    let of = |kind: &str| rows.iter().find(|row| row["kind"] == kind).unwrap_or_else(|| panic!("{kind}: {out}"));
    let differs = of("amount_differs");
    assert_eq!((&differs["ours"], &differs["theirs"]), (&json!("99.00"), &json!("98.00")));
    assert_eq!(differs["gateway_order_no"], json!(format!("{ORDER_OF_99}\t")), "a text to Excel, digit by digit");
    assert_eq!(of("missing_here")["gateway_order_no"], "'=1+1", "no formula");
    assert_eq!(of("missing_there")["gateway_order_no"], json!(format!("{ORDER_OF_66}\t")));
}

#[test]
fn staff_reconciles_looks_and_repairs_over_http() {
    for demo in Demo::with_settings(RESTING) {
        let [one, other] = with_lost_webhooks(&demo);
        let [from, to] = days();
        let body = json!({ "from": from, "to": to }).to_string();
        let start = |token: &str| Request::post("/v1/reconciliations").token(token).json(body.clone());
        demo.call(start(XIAOYU)).expect_status(403);
        let begun = demo.call(start(XIAOCHEN)).expect_status(201).json();
        let place = format!("/v1/reconciliations/{}", begun["reconciliation_id"]);
        let run = wait_for("the run to end", || {
            let run = demo.call(Request::get(&place).token(XIAOCHEN)).expect_status(200).json();
            (run["status"] != "running").then_some(run)
        });
        assert_eq!(json!([run["status"], run["differences"], run["started_by"]]), json!(["finished", 2, 1]));
        let list = demo.call(Request::get("/v1/reconciliations?limit=1").token(XIAOCHEN)).expect_status(200).json();
        assert_eq!(list["items"][0], run);
        let list = Request::get(&format!("{place}/differences?limit=1")).token(XIAOCHEN);
        let page = demo.call(list).expect_status(200).json();
        assert_eq!((&page["items"][0]["kind"], &page["next_cursor"]), (&json!("missing_here"), &json!("1")), "{page}");
        let csv = Request::get(&format!("{place}/differences")).token(XIAOCHEN).header("Accept", "text/csv");
        let reply = demo.call(csv.clone()).expect_status(200);
        assert_eq!(reply.header("Content-Type"), Some("text/csv; charset=utf-8"));
        let text = reply.text();
        assert!(text.starts_with("\u{feff}run,") && text.contains(&one) && text.contains(&other), "{text}");
        demo.call(Request::get(&place).token(XIAOCHEN).header("Accept", "text/csv")).expect_status(406);
        demo.call(Request::get(&format!("{place}/differences")).token(XIAOYU)).expect_status(403);
        demo.call(Request::get("/v1/reconciliations/999999").token(XIAOCHEN)).expect_status(404);
        let repair = Request::post(&format!("{place}/repair")).token(XIAOCHEN);
        let repaired = demo.call(repair).expect_status(200).json();
        assert_eq!(repaired, json!({ "done": 2, "for_a_person": 0, "failed": 0 }));
        assert_eq!(demo.order_status(XIAOCHEN, ORDER_OF_99), "paid");
        let upload = |kind: &str, file: String| {
            let target = format!("/v1/reconciliations/bills/{kind}?from={from}&to={to}");
            demo.call(Request::post(&target).token(XIAOCHEN).header("Content-Type", "text/csv").body(file))
        };
        let begun = upload("wechat", bill(&[(ORDER_OF_99, "99.00")])).expect_status(201).json();
        assert_eq!(begun["sources"], json!(["wechat_bill"]));
        let refused = upload("alipay", "no bill".to_owned()).expect_status(422).json();
        assert_eq!(refused["code"], "bill_without_header");
        upload("unionpay", String::new()).expect_status(404);
        demo.verify();
    }
}
