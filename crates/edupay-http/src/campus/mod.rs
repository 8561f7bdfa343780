//! The campus API (seed 002): the paths, the fields and their order are those of its document. Amounts
//! that go out are yuan; the one that comes in is a cross-check only.
//!
//! What is absent: prices and rights. Both are the domain's, whatever a client claims.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod pay;
mod search;
mod success;
mod values;

pub(crate) use pay::pay_money;
pub(crate) use search::search_pay_packages;
pub(crate) use success::search_success_data;

use actix_web::web::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// SearchPayPackages.
pub(crate) const SEARCH: &str = "/api/Pay/SearchPayPackages";
/// PayMoney.
pub(crate) const PAY: &str = "/api/Pay/PayMoney";
/// SearchSuccessData.
pub(crate) const SUCCESS: &str = "/api/Pay/SearchSuccessData";
/// All of them, below the path that is a setting.
pub(crate) const CALLS: [&str; 3] = [SEARCH, PAY, SUCCESS];

/// A success.
#[derive(Serialize, ToSchema)]
pub(crate) struct AnsweredView<T: ToSchema> {
    /// 0.
    #[schema(example = 0)]
    error: u8,
    /// What was asked for.
    data: T,
}

fn answered<T: ToSchema>(data: T) -> Json<AnsweredView<T>> {
    Json(AnsweredView { error: 0, data })
}

#[cfg(test)]
pub(crate) mod paths {
    //! The documented operations of this folder.
    pub(crate) use super::pay::__path_pay_money;
    pub(crate) use super::search::__path_search_pay_packages;
    pub(crate) use super::success::__path_search_success_data;
}
