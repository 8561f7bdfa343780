//! What the tests share: the running program, a client that sends odd bytes, the sandbox's
//! switches, golden files.

pub(crate) mod campus;
pub(crate) mod database;
pub(crate) mod demo;
pub(crate) mod golden;
pub(crate) mod http;
pub(crate) mod notice;
pub(crate) mod ordered;
pub(crate) mod patience;
pub(crate) mod random;
pub(crate) mod receiver;
pub(crate) mod sandbox;
pub(crate) mod secrets;
pub(crate) mod shop;

/// Makes two tests of each claim `fn(&Demo)`: a fresh demo on SQLite and one on PostgreSQL. After
/// each, `edupay verify` must find nothing.
macro_rules! on_both_databases {
    ($($claim:ident),+ $(,)?) => {
        mod on_sqlite {
            $(
                #[test]
                fn $claim() {
                    let demo = $crate::support::demo::Demo::on_sqlite();
                    super::$claim(&demo);
                    demo.verify();
                }
            )+
        }
        mod on_postgres {
            $(
                #[test]
                fn $claim() {
                    let Some(demo) = $crate::support::demo::Demo::on_postgres() else {
                        return;
                    };
                    super::$claim(&demo);
                    demo.verify();
                }
            )+
        }
    };
}

/// The same for claims that no database can change: one test each, on SQLite.
macro_rules! on_one_database {
    ($($claim:ident),+ $(,)?) => {
        mod on_one {
            $(
                #[test]
                fn $claim() {
                    let demo = $crate::support::demo::Demo::on_sqlite();
                    super::$claim(&demo);
                    demo.verify();
                }
            )+
        }
    };
}
