//! The contract of the testkit, on both databases; its races at full length.

/// On a new SQLite file each.
mod sqlite {
    edupay_testkit::store_contract!(crate::databases::sqlite(), rounds = 200);
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
