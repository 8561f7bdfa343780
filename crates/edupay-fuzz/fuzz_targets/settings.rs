//! The settings are modules of the program, which has no library: they are compiled into the target.

#![no_main]
#![expect(dead_code, unused_imports, reason = "the program uses more of these modules")]

#[path = "../../edupay/src/error.rs"]
mod error;
#[path = "../../edupay/src/settings/mod.rs"]
mod settings;

libfuzzer_sys::fuzz_target!(|data: &[u8]| settings::fuzzing::settings(data));
