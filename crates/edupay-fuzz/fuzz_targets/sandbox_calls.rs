#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| edupay_sandbox::fuzzing::sandbox_calls(data));
