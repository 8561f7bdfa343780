//! Principals are remembered: how long, what other stores on the database see of it, and what
//! becomes of look-ups when the connection breaks.

use crate::databases::{Database, empty_postgres, postgres, sqlite};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use edupay_domain::accounts::{Activity, TokenDigest, UserStore};
use edupay_domain::ids::UserId;
use edupay_domain::store::StoreFault;
use edupay_persistence::{DatabaseUrl, SqlStore, StoreOptions};
use edupay_testkit::contract::Case;
use edupay_testkit::fixtures::monday;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How old a principal may be at most, whatever is asked for.
const LONGEST: Duration = Duration::from_secs(4);

fn both() -> impl Iterator<Item = Database> {
    [Some(sqlite()), postgres()].into_iter().flatten()
}

/// Another store on the same database, as another service has it.
fn another(database: &Database, principal_cache: Duration) -> SqlStore {
    SqlStore::connect(&database.url, StoreOptions { principal_cache, ..StoreOptions::default() }).unwrap()
}

fn new_digest() -> TokenDigest {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let (count, run) = (COUNT.fetch_add(1, Ordering::Relaxed), std::process::id());
    let mut digest = [7; 32];
    digest[..8].copy_from_slice(&count.to_be_bytes());
    digest[8..12].copy_from_slice(&run.to_be_bytes());
    TokenDigest(digest)
}

async fn new_token(database: &Database) -> (UserId, TokenDigest) {
    let (user, token) = (Case::new(database).user().await.id, new_digest());
    database.store.add_token(token, user, monday()).await.unwrap();
    (user, token)
}

/// What makes a token worth nothing.
#[derive(Debug, Clone, Copy)]
enum End {
    LogOut,
    LogOutEverywhere,
    Deactivate,
}

const ENDS: [End; 3] = [End::LogOut, End::LogOutEverywhere, End::Deactivate];

async fn end(store: &SqlStore, how: End, user: UserId, token: TokenDigest) {
    match how {
        End::LogOut => store.remove_token(token).await.unwrap(),
        End::LogOutEverywhere => assert_eq!(store.remove_tokens(user).await.unwrap(), 1),
        End::Deactivate => assert!(store.set_activity(user, Activity::Inactive).await.unwrap()),
    }
}

async fn opens(store: &SqlStore, token: TokenDigest) -> bool {
    let principal = store.find_principal(token).await.unwrap();
    principal.is_some_and(|principal| principal.activity == Activity::Active)
}

#[tokio::test]
async fn what_one_store_ends_another_knows_when_its_time_is_over() {
    let cache = Duration::from_millis(50);
    for database in both() {
        let here = another(&database, cache);
        for how in ENDS {
            let (user, token) = new_token(&database).await;
            assert!(opens(&here, token).await);
            end(&database.store, how, user, token).await;
            let ended = Instant::now();
            loop {
                let asked = ended.elapsed();
                if !opens(&here, token).await {
                    break;
                }
                assert!(asked < cache, "{how:?} is unknown after {asked:?} on {:?}", database.url);
            }
        }
    }
}

#[tokio::test]
async fn what_was_found_is_used_again_for_a_while() {
    for database in both() {
        let here = another(&database, LONGEST);
        let (user, token) = new_token(&database).await;
        let asked = Instant::now();
        assert!(opens(&here, token).await);
        end(&database.store, End::LogOut, user, token).await;
        let again = opens(&here, token).await;
        // Only a machine that stood still may have forgotten it.
        assert!(again || asked.elapsed() >= LONGEST, "it was read anew on {:?}", database.url);
        // This store never knew it, and its clones know what it did.
        assert!(!opens(&database.store.clone(), token).await);
    }
}

#[tokio::test]
async fn who_is_in_use_is_looked_up_anew_before_the_time_is_over() {
    for database in both() {
        let here = another(&database, LONGEST);
        let (user, token) = new_token(&database).await;
        let asked = Instant::now();
        assert!(opens(&here, token).await);
        database.execute(&format!("UPDATE users SET nickname = 'anew' WHERE user_id = {user}")).unwrap();
        let nickname = async || here.find_principal(token).await.unwrap().unwrap().profile.nickname.clone();
        let (mut last, mut stood_still) = (asked, Duration::ZERO);
        let known = loop {
            if nickname().await == "anew" {
                break asked.elapsed();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            stood_still = stood_still.max(last.elapsed());
            last = Instant::now();
        };
        // On a machine that stands still for two seconds its time may be over before.
        assert!(known < LONGEST || stood_still > Duration::from_secs(1), "known after {known:?} on {:?}", database.url);
    }
}

#[tokio::test]
async fn without_a_cache_everything_is_known_at_once() {
    for database in both() {
        let here = another(&database, Duration::ZERO);
        for how in ENDS {
            let (user, token) = new_token(&database).await;
            assert!(opens(&here, token).await);
            end(&database.store, how, user, token).await;
            assert!(!opens(&here, token).await, "{how:?} on {:?}", database.url);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crowd_of_principals_is_told_apart() {
    for database in both() {
        let here = another(&database, Duration::ZERO);
        let mut crowd = JoinSet::new();
        for number in 0..300 {
            let (user, token) = if number % 3 == 0 { (None, new_digest()) } else { owned(&database).await };
            for _ in 0..2 {
                let here = here.clone();
                crowd.spawn(async move {
                    let found = here.find_principal(token).await.unwrap();
                    assert_eq!(found.map(|principal| principal.id), user);
                });
            }
        }
        while let Some(ended) = crowd.join_next().await {
            ended.unwrap();
        }
    }
}

async fn owned(database: &Database) -> (Option<UserId>, TokenDigest) {
    let (user, token) = new_token(database).await;
    (Some(user), token)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_principal_that_can_not_be_read_fails_alone() {
    for database in both() {
        let here = another(&database, Duration::ZERO);
        let ((spoiled, bad), (user, good)) = (new_token(&database).await, new_token(&database).await);
        database.execute(&format!("UPDATE users SET birthday = 'never' WHERE user_id = {spoiled}")).unwrap();
        for _ in 0..20 {
            let (bad, good) = tokio::join!(here.find_principal(bad), here.find_principal(good));
            assert_eq!(bad.unwrap_err().fault(), StoreFault::Corrupt);
            assert_eq!(good.unwrap().map(|principal| principal.id), Some(user));
        }
    }
}

const END_ALL_OTHERS: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
    WHERE datname = current_database() AND pid <> pg_backend_pid()";

#[tokio::test]
async fn principals_are_found_again_on_a_new_connection() {
    let Some(database) = empty_postgres() else { return };
    database.store.migrate().unwrap();
    let here = another(&database, Duration::ZERO);
    let (_, token) = new_token(&database).await;
    for _ in 0..3 {
        assert!(opens(&here, token).await);
        database.execute(END_ALL_OTHERS).unwrap();
    }
    assert!(opens(&here, token).await);
}

#[tokio::test]
async fn look_ups_of_principals_fail_while_the_database_is_away_and_not_longer() {
    let Some(database) = empty_postgres() else { return };
    database.store.migrate().unwrap();
    let here = another(&database, Duration::ZERO);
    let (_, token) = new_token(&database).await;
    assert!(opens(&here, token).await);

    // A database can't be closed from within.
    let DatabaseUrl::Postgres(url) = &database.url else { panic!("it is on PostgreSQL") };
    let (server, name) = url.rsplit_once('/').unwrap();
    let mut operator = PgConnection::establish(&format!("{server}/postgres")).unwrap();
    operator.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).unwrap();
    let end_all = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    operator.batch_execute(&end_all).unwrap();
    // The server ends connections in its own time, and lets nobody in again.
    let error = loop {
        if let Err(error) = here.find_principal(token).await {
            break error;
        }
    };
    assert_eq!(error.fault(), StoreFault::Unavailable, "{error:?}");
    operator.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).unwrap();
    assert!(opens(&here, token).await);
}
