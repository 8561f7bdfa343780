#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| edupay_http::fuzzing::cashier(data));
