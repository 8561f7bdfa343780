//! The contract of the testkit, on both databases; its races at full length.

/// On a new SQLite file each.
mod sqlite {
    edupay_testkit::store_contract!(crate::databases::sqlite(), rounds = 200);
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
