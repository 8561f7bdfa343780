//! What is told of all bodies and queries, one after the other.

use crate::extract::Decode;

/// Something that is done with each kind of body and query there is.
pub(crate) trait EachBody {
    fn body<T: Decode>(&mut self);
}
