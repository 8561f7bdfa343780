//! The schema goes up, down and up again, by one program at a time, and nothing else is touched.

use crate::databases::{Database, empty_postgres, empty_sqlite};
use edupay_persistence::{SchemaError, SqlStore, StoreOptions};

fn both() -> impl Iterator<Item = Database> {
    [Some(empty_sqlite()), empty_postgres()].into_iter().flatten()
}

#[test]
fn an_empty_database_is_behind_until_it_is_migrated() {
    for database in both() {
        assert!(matches!(database.store.check_schema(), Err(SchemaError::Behind(_))));
        let applied = database.store.migrate().unwrap().applied;
        assert!(!applied.is_empty());
        database.store.check_schema().unwrap();
        assert!(database.store.migrate().unwrap().applied.is_empty(), "a second run does nothing");
    }
}

#[test]
fn programs_that_start_at_once_migrate_once() {
    for database in both() {
        let applied: usize = std::thread::scope(|scope| {
            let runs: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        let store = SqlStore::connect(&database.url, StoreOptions::default()).unwrap();
                        store.migrate().unwrap().applied.len()
                    })
                })
                .collect();
            runs.into_iter().map(|run| run.join().unwrap()).sum()
        });
        assert_eq!(applied, database.store.schema_state().unwrap().applied.len());
    }
}

#[test]
fn a_newer_schema_is_refused_and_left_as_it_is() {
    for database in both() {
        database.store.migrate().unwrap();
        database.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')").unwrap();
        assert!(matches!(database.store.check_schema(), Err(SchemaError::Newer(_))));
        assert!(matches!(database.store.migrate(), Err(SchemaError::Newer(_))));
    }
}

#[test]
fn a_half_applied_schema_is_refused() {
    for database in both() {
        database.store.migrate().unwrap();
        let applied = database.store.schema_state().unwrap().applied;
        let missing = &applied[1];
        database.execute(&format!("DELETE FROM __diesel_schema_migrations WHERE version = '{missing}'")).unwrap();
        assert!(matches!(database.store.check_schema(), Err(SchemaError::HalfApplied(version)) if &version == missing));
        assert!(matches!(database.store.migrate(), Err(SchemaError::HalfApplied(_))));
    }
}

#[test]
fn every_step_goes_down_and_up_again() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    for (database, kind) in [(Some(empty_sqlite()), "sqlite"), (empty_postgres(), "postgres")] {
        let Some(database) = database else { continue };
        let mut steps: Vec<_> =
            std::fs::read_dir(folder.join(kind)).unwrap().map(|entry| entry.unwrap().path()).collect();
        steps.sort();
        let run = |step: &std::path::Path, file: &str| {
            database.execute(&std::fs::read_to_string(step.join(file)).unwrap()).unwrap();
        };
        for _ in 0..2 {
            steps.iter().for_each(|step| run(step, "up.sql"));
            steps.iter().rev().for_each(|step| run(step, "down.sql"));
        }
        database.store.migrate().unwrap();
    }
}

#[test]
fn users_and_products_that_were_there_get_a_token_and_a_first_price() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    for (database, kind) in [(Some(empty_sqlite()), "sqlite"), (empty_postgres(), "postgres")] {
        let Some(database) = database else { continue };
        let mut steps: Vec<_> =
            std::fs::read_dir(folder.join(kind)).unwrap().map(|entry| entry.unwrap().path()).collect();
        steps.sort();
        let at = steps.iter().position(|step| step.ends_with("2026-11-23-000009_app_store")).unwrap();
        let up = |step: &std::path::Path| std::fs::read_to_string(step.join("up.sql")).unwrap();
        steps[..at].iter().for_each(|step| database.execute(&up(step)).unwrap());
        let user = |name: &str| {
            format!(
                "INSERT INTO users (username, password_hash, role, activity, nickname, location, avatar_url, website, \
                 point, level, level_display, credit, credit_level, credit_level_display, created_at) \
                 VALUES ('{name}', '', 'member', 'active', '', '', '', '', 0, '', '', 0, '', '', 1);"
            )
        };
        database.execute(&(user("one") + &user("other"))).unwrap();
        database.execute("INSERT INTO products (product_id, price_fen, created_at) VALUES ('coins', 600, 7)").unwrap();
        database.execute(&up(&steps[at])).unwrap();
        database.execute(&user("by hand")).unwrap();
        let uuid = "length(app_account_token) = 36 AND app_account_token = lower(app_account_token) \
                    AND substr(app_account_token, 15, 1) = '4' AND substr(app_account_token, 20, 1) IN ('8', '9', 'a', 'b')";
        for (what, count) in [
            (format!("users WHERE {uuid}"), 3),
            ("(SELECT DISTINCT app_account_token FROM users) AS tokens".to_owned(), 3),
            ("product_prices WHERE product_id = 'coins' AND effective_from = 7 AND price_fen = 600".to_owned(), 1),
        ] {
            assert_eq!(database.count(&format!("SELECT COUNT(*) AS count FROM {what}")), count, "{kind}: {what}");
        }
    }
}
