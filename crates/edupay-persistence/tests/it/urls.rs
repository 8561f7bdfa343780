//! What becomes of a PostgreSQL URL on its way to the server.

use crate::databases::{Database, empty_postgres};
use edupay_persistence::{CacheReason, DatabaseUrl, OpenError, SqlStore, StoreOptions};

fn text(database: &Database) -> String {
    match &database.url {
        DatabaseUrl::Postgres(url) => url.clone(),
        DatabaseUrl::Sqlite(_) => panic!("not PostgreSQL"),
    }
}

fn connect(url: &str) -> Result<SqlStore, OpenError> {
    SqlStore::connect(&url.parse().unwrap(), StoreOptions::default())
}

/// Whether the server knows a connection to this database by this name.
fn is_known_as(database: &Database, name: &str) -> bool {
    let known = format!(
        "SELECT 1 / (SELECT COUNT(*) FROM pg_stat_activity \
         WHERE datname = current_database() AND application_name = '{name}')"
    );
    database.execute(&known).is_ok()
}

#[test]
fn the_server_learns_whose_connection_it_is_unless_the_url_says() {
    let Some(database) = empty_postgres() else { return };
    assert!(is_known_as(&database, "edupay"));
    let url = text(&database);
    let named = connect(&format!("{url}?application_name=till_1")).unwrap();
    assert!(is_known_as(&database, "till_1"));
    // A name that is spelt otherwise is not known again, and still wins: libpq takes the last one.
    let spelt = connect(&format!("{url}?application%5Fname=till_2")).unwrap();
    assert!(is_known_as(&database, "till_2"));
    drop((named, spelt));
}

#[test]
fn a_url_of_several_hosts_leads_past_one_that_is_gone() {
    let Some(database) = empty_postgres() else { return };
    let url = text(&database).replace("@", "@127.0.0.1:1,");
    let store = connect(&format!("{url}?target_session_attrs=read-write")).unwrap();
    assert_eq!(store.statements().reason, CacheReason::Direct);
}

#[test]
fn a_server_that_is_not_there_is_told_with_its_address_and_no_password() {
    let error = connect("postgres://edupay:canary@127.0.0.1:1/edupay").map(drop).unwrap_err();
    let mut told = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        told.push_str(&error.to_string());
        cause = error.source();
    }
    assert!(told.contains("can't be reached") && told.contains("127.0.0.1") && !told.contains("canary"), "{told}");
}
