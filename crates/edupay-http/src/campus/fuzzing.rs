//! The bodies and values of this folder, for `crate::fuzzing`.

use super::values::{choice, claimed, order_number, package_ids, record_ids, user_id};
use super::{pay, search, success};
use crate::extract::Value;
use crate::fuzzing::each::EachBody;
use edupay_domain::packages::{ClaimedAmount, ProjectKind, PurchaseKind};

/// Does it with each.
pub(crate) fn each_body(each: &mut impl EachBody) {
    each.body::<pay::Payment>();
    each.body::<search::SearchBody>();
    each.body::<success::Bought>();
}

/// A number and a text say the same.
pub(crate) fn values(text: &str) {
    let (number, string) = (Value::Number(text.to_owned()), Value::Text(text.to_owned()));
    assert_eq!(user_id(&number), user_id(&string));
    assert_eq!(package_ids(&number), package_ids(&string));
    assert_eq!(record_ids(&number), record_ids(&string));
    assert_eq!(order_number(&number), order_number(&string));
    assert_eq!(claimed(&number), claimed(&string));
    assert_eq!(claimed(&string).ok(), ClaimedAmount::parse(text).ok());
    if let Ok(ids) = package_ids(&string) {
        let numbers: Vec<i64> = text.split(',').filter_map(|part| part.trim().parse().ok()).collect();
        assert_eq!(ids.iter().map(|id| id.get()).collect::<Vec<_>>(), numbers);
    }
    if let Ok(ids) = record_ids(&string) {
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        assert_eq!(ids.iter().map(|id| id.as_str()).collect::<Vec<_>>(), parts);
    }
    if let Ok(kind) = choice(ProjectKind::from_number)(&string) {
        assert_eq!(text.parse(), Ok(kind.number()));
    }
    if choice(PurchaseKind::from_number)(&string).is_ok() {
        assert!(text.parse::<u8>().is_ok_and(|number| number <= 2));
    }
}
