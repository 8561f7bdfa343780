//! The import is a module of the program, which has no library: it is compiled into the target.

#![no_main]
#![expect(dead_code, reason = "the program uses more of these modules")]

#[path = "../../edupay/src/error.rs"]
mod error;
#[path = "../../edupay/src/commands/import/table/mod.rs"]
mod table;

libfuzzer_sys::fuzz_target!(|data: &[u8]| table::fuzzing::import(data));
