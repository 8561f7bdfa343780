//! What handlers take from a request: who is calling, the decoded body or query, the raw body, the
//! payer's address. Each is checked completely here, so that a handler has nothing left to check.

mod address;
mod body;
mod caller;
mod fields;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod headers;
mod in_order;
mod lenient;
mod lists;
mod raw_body;
mod reader;
mod values;

pub(crate) use address::client_address;
pub(crate) use body::{Body, LenientBody, Params, SentBody};
pub(crate) use caller::{Caller, CallerId, CallerWithWallet, Staff, StaffMember};
pub(crate) use fields::Value;
pub(crate) use headers::{Anyone, IDEMPOTENCY_KEY, idempotency_key, wants_csv};
pub(crate) use in_order::InOrder;
pub(crate) use lists::{
    card_no, channels, cursor_moment, details, event_kinds, id, moment, text_or_empty, user_ids, whole_number, word,
};
pub(crate) use raw_body::{BillBody, RawBody, await_body};
pub(crate) use reader::{Decode, Reader};
pub(crate) use values::{amount_fen, amount_yuan, course_ids, order_no, page_cursor, page_limit, product_id};
pub(crate) use values::{password, secret, text, text_or_number, username};

use crate::failure::Failure;
use crate::services::State;
use actix_web::HttpRequest;
use actix_web::web::Data;

/// What the server was started with.
pub(crate) fn state(request: &HttpRequest) -> Result<Data<State>, Failure> {
    request.app_data::<Data<State>>().cloned().ok_or(Failure::Internal("the server has no state"))
}
