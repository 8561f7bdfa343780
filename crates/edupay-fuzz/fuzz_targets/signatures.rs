#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| edupay_pingpp::fuzzing::signatures(data));
