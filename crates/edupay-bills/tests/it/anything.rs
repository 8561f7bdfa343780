//! No file, whatever stands in it, does more than be refused.

use super::wechat::{bill, payment};
use edupay_bills::read;
use edupay_domain::reconciliation::BillKind;
use proptest::prelude::*;

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), start in 0_usize..4) {
        let starts: [&[u8]; 4] = [b"", b"PK\x03\x04", &[0x1f, 0x8b], b"PK\x03\x04PK\x05\x06"];
        let file: Vec<u8> = starts[start].iter().copied().chain(bytes).collect();
        for kind in BillKind::ALL {
            let _ = read(kind, &file);
        }
    }

    #[test]
    fn a_changed_byte_gives_no_more_payments_than_lines(at in 0_usize..900, byte in any::<u8>()) {
        let mut file = bill(&[payment("12134676899915430002", "1.00", "a")]).into_bytes();
        let at = at % file.len();
        file[at] = byte;
        for kind in BillKind::ALL {
            if let Ok(bill) = read(kind, &file) {
                prop_assert!(bill.payments.len() <= 1);
            }
        }
    }
}
