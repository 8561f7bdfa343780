//! The bodies of this folder, for `crate::fuzzing`.

use super::{account, balance, orders, products};
use crate::fuzzing::each::EachBody;

/// Does it with each.
pub(crate) fn each_body(each: &mut impl EachBody) {
    each.body::<account::LoginBody>();
    each.body::<balance::Proof>();
    each.body::<orders::PayBody>();
    each.body::<products::ProductBody>();
}
