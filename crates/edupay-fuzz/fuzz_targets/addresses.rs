#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| edupay_webhooks::fuzzing::addresses(data));
