//! What staff keeps by the command line: by hand, and from files.

use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::support::demo::{Demo, texts};
use crate::support::http::Request;
use crate::support::shop::XIAOCHEN;

fn told(demo: &Demo, arguments: &[&str]) -> Value {
    let out = demo.edupay_ok(arguments);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {out}"))
}

fn file(demo: &Demo, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = demo.data_dir().join(name);
    fs::write(&path, text).expect("a file");
    path
}

fn import(demo: &Demo, what: &str, file: &Path, options: &[&str]) -> (Output, Vec<Value>) {
    let name = file.display().to_string();
    let arguments: Vec<&str> = [what, "import", &name].into_iter().chain(options.iter().copied()).collect();
    let output = demo.edupay(&arguments);
    let (out, err) = texts(&output);
    let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}: {err}"));
    let lines = out.lines().map(line).collect();
    (output, lines)
}

fn students_of(demo: &Demo, school: &str) -> usize {
    demo.edupay_ok(&["student", "list", "--school", school]).lines().count()
}

/// 1,210 rows in three chunks, ten of them bad, one for each way to be.
fn bad_students() -> Vec<u8> {
    let mut text = b"user_id,school_id,name,card_no,guardians\n".to_vec();
    for number in 0..1_200 {
        let user_id = 20_000_000 + number;
        text.extend(format!("{user_id},1,学生{number},C{number},\n").bytes());
    }
    for row in [
        "x,1,学生,,",
        "20009002,1,,,",
        "20009003,9,学生,,",
        "20009004,1,学生,335731330,",
        "20009005,1,学生,,999999",
        "20009006,1,学生,,20009006",
        "20000000,1,学生,,",
        "20009008,1,学生",
        "20009009,1,学生,C-9,",
    ] {
        text.extend(row.bytes().chain([b'\n']));
    }
    text.extend(b"20009010,1,\xff,,\n");
    text
}

const BAD_STUDENTS: [(u64, &str, &str); 10] = [
    (1_202, "user_id", "number_invalid"),
    (1_203, "name", "field_missing"),
    (1_204, "school_id", "school_not_found"),
    (1_205, "card_no", "card_taken"),
    (1_206, "guardians", "guardian_not_found"),
    (1_207, "guardians", "own_guardian"),
    (1_208, "user_id", "repeated"),
    (1_209, "row", "field_count"),
    (1_210, "card_no", "text_invalid"),
    (1_211, "name", "text_invalid"),
];

#[track_caller]
fn assert_ten_named(output: &Output, lines: &[Value], summary: &Value) {
    assert_eq!(output.status.code(), Some(1));
    let (last, mut named) = lines.split_last().map(|(last, named)| (last, named.to_vec())).expect("a summary");
    named.sort_by_key(|row| row["line"].as_u64());
    let expected: Vec<_> = BAD_STUDENTS
        .iter()
        .map(|(line, field, reason)| json!({ "line": line, "field": field, "reason": reason }))
        .collect();
    assert_eq!(named, expected);
    assert_eq!(last, summary);
    // A bar is for terminals.
    assert_eq!(texts(output).1, "");
}

fn a_dry_run_names_every_bad_row_and_changes_nothing(demo: &Demo) {
    let rows = file(demo, "students.csv", bad_students());
    let before = demo.edupay_ok(&["student", "export"]);
    let (output, lines) = import(demo, "student", &rows, &["--dry-run"]);
    assert_ten_named(&output, &lines, &json!({ "rows": 1_210, "taken": 1_200, "refused": 10, "dry_run": true }));
    assert_eq!(demo.edupay_ok(&["student", "export"]), before);

    for _ in 0..2 {
        let (output, lines) = import(demo, "student", &rows, &[]);
        assert_ten_named(&output, &lines, &json!({ "rows": 1_210, "taken": 1_200, "refused": 10, "dry_run": false }));
        assert_eq!(students_of(demo, "1"), 1_202);
    }
    // New users never get a student's id.
    let user = json!({ "username": "later", "password": "long enough" }).to_string();
    let user = demo.call(Request::post("/v1/users").token(XIAOCHEN).json(user)).expect_status(201).json();
    assert!(user["user_id"].as_i64().is_some(), "{user}");
}

fn what_is_exported_is_imported_again_and_changes_nothing(demo: &Demo) {
    for what in ["student", "package"] {
        let before = demo.edupay_ok(&[what, "export"]);
        assert!(before.lines().count() > 2, "{before}");
        let rows = file(demo, "again.csv", &before);
        let (output, lines) = import(demo, what, &rows, &[]);
        assert!(output.status.success(), "{lines:?}");
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!(demo.edupay_ok(&[what, "export"]), before);
    }
}

fn bad_packages_are_named_too(demo: &Demo) {
    let text = "project_id,name,list_price,term_months,id\n\
                1,C套餐,208.00,12,\n\
                9,D套餐,208.00,12,\n\
                1,E套餐,0,12,\n\
                1,F套餐,-1,12,\n\
                1,G套餐,1e2,12,\n\
                1,\"H,套餐\",1,12,\n\
                1,I套餐,1,0,\n\
                2,J套餐,1,12,10000001\n\
                1,K套餐,50000.01,12,\n";
    let rows = file(demo, "packages.csv", text);
    let (output, mut lines) = import(demo, "package", &rows, &["--dry-run"]);
    assert_eq!(output.status.code(), Some(1));
    let summary = lines.pop().expect("a summary");
    assert_eq!(summary, json!({ "rows": 9, "taken": 1, "refused": 8, "dry_run": true }));
    lines.sort_by_key(|row| row["line"].as_u64());
    let named: Vec<_> =
        lines.iter().map(|row| (row["field"].as_str().unwrap(), row["reason"].as_str().unwrap())).collect();
    assert_eq!(
        named,
        [
            ("project_id", "project_not_found"),
            ("list_price", "amount_invalid"),
            ("list_price", "amount_invalid"),
            ("list_price", "amount_invalid"),
            ("name", "text_invalid"),
            ("term_months", "number_invalid"),
            ("project_id", "field_fixed"),
            ("list_price", "amount_invalid"),
        ]
    );
    let (output, _) = import(demo, "package", &file(demo, "odd.csv", "name,colour\na,b\n"), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(texts(&output).1.contains("line 1: there is no field \"colour\""), "{}", texts(&output).1);
}

fn schools_students_and_packages_are_kept_by_hand(demo: &Demo) {
    assert_eq!(told(demo, &["school", "create", "第二小学"]), json!({ "school_id": 2, "name": "第二小学" }));
    assert_eq!(told(demo, &["school", "edit", "2", "第二中学"])["name"], "第二中学");
    assert_eq!(demo.edupay_ok(&["school", "list"]).lines().count(), 2);

    let student =
        told(demo, &["student", "create", "30000001", "小红", "--school", "2", "--guardian", "2", "--card-no", "9"]);
    assert_eq!((&student["name"], &student["card_no"]), (&json!("小红"), &json!("9")));
    let edited = told(demo, &["student", "edit", "30000001", "--class-name", "3班"]);
    assert_eq!(
        (&edited["name"], &edited["class_name"], &edited["card_no"]),
        (&json!("小红"), &json!("3班"), &json!("9"))
    );
    assert_eq!(told(demo, &["student", "card", "30000001", "10"])["card_no"], "10");
    assert_eq!(told(demo, &["student", "bind", "30000001", "1"])["guardians"], json!([1, 2]));
    assert_eq!(told(demo, &["student", "unbind", "30000001", "2"])["guardians"], json!([1]));
    assert_eq!(students_of(demo, "2"), 1);

    let project =
        told(demo, &["project", "create", "第二卡", "--kind", "card", "--school", "2", "--channels", "wx,alipay"]);
    assert_eq!((&project["project_id"], &project["channels"]), (&json!(3), &json!(["wx", "alipay"])));
    assert_eq!(told(demo, &["project", "edit", "3", "--description", "新"])["description"], "新");
    let package =
        ["package", "create", "一年卡", "99.50", "--project", "3", "--price-text", "¥99.5", "--detail", "|考勤|每天"];
    let package = told(demo, &package);
    assert_eq!((&package["list_price_fen"], &package["details"][0]["title"]), (&json!(9_950), &json!("考勤")));
    let id = package["package_id"].to_string();
    let edited = told(demo, &["package", "edit", &id, "--price", "100"]);
    assert_eq!((&edited["list_price_fen"], &edited["price_text"]), (&json!(10_000), &json!("¥99.5")));
    let search = || demo.campus(XIAOCHEN, "SearchPayPackages", "{userID:30000001,type:0,payType:0}").json();
    assert_eq!(search()["data"]["items"][0]["itemValue"], 100);
    assert_eq!(told(demo, &["package", "withdraw", &id])["status"], "withdrawn");
    assert_eq!(search()["error"], 1);
    assert_eq!(told(demo, &["package", "offer", &id])["status"], "offered");
    assert_eq!(told(demo, &["project", "withdraw", "3"])["status"], "withdrawn");
    assert_eq!(search()["error"], 1);
    for (arguments, why) in [
        (&["student", "show", "999"][..], "there is no student 999"),
        (&["student", "create", "30000002", "a", "--school", "9"], "no such school"),
        (&["package", "edit", "999", "--price", "1"], "there is no package 999"),
        (&["package", "create", "a", "1e2", "--project", "3"], "amount"),
        (&["project", "create", "a", "--kind", "card", "--channels", "cash"], "there is no channel cash"),
    ] {
        let output = demo.edupay(arguments);
        let (out, err) = texts(&output);
        assert_eq!((output.status.code(), out.as_str()), (Some(1), ""), "{arguments:?}: {err}");
        assert!(err.contains(why) && err.lines().count() == 1, "{arguments:?}: {err}");
    }
}

on_both_databases!(
    a_dry_run_names_every_bad_row_and_changes_nothing,
    what_is_exported_is_imported_again_and_changes_nothing,
    bad_packages_are_named_too,
    schools_students_and_packages_are_kept_by_hand,
);
