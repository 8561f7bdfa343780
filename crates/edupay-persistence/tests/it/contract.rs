//! The contract of the testkit, on both databases; its races at full length.

/// On a new SQLite file each.
mod sqlite {
    edupay_testkit::store_contract!(crate::databases::sqlite(), rounds = 200);
    edupay_testkit::delivery_contract!(crate::databases::sqlite(), rounds = 50);
}

/// On SQLite, without leases.
mod sqlite_without_leases {
    edupay_testkit::broken_leases!(crate::databases::sqlite());
}

/// On PostgreSQL, without leases.
mod postgres_without_leases {
    edupay_testkit::broken_leases!(match crate::databases::postgres() {
        Some(database) => database,
        None => return,
    });
}

/// On one PostgreSQL database together.
mod postgres {
    edupay_testkit::store_contract!(
        match crate::databases::postgres() {
            Some(database) => database,
            None => return,
        },
        rounds = 200
    );
}

/// Events on their way out, on a PostgreSQL database each: an endpoint hears of everybody's.
mod events_on_postgres {
    edupay_testkit::delivery_contract!(
        match crate::databases::empty_postgres() {
            Some(database) => {
                database.store.migrate().unwrap();
                database
            }
            None => return,
        },
        rounds = 50
    );
}
