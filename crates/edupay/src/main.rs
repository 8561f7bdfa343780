//! edupay
fn main() {}
