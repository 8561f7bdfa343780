#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| edupay_appstore::fuzzing::signed_texts(data));
