//! Pages: a limit and a cursor in, items and the next cursor out.

use crate::config::HttpConfig;
use crate::extract::{Decode, Reader, page_cursor, page_limit};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

/// How long a page can be.
pub(super) const MAX_LIMIT: u32 = 100;

/// Which page.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// How many items at most; longer pages are cut to 100.
    #[param(value_type = Option<i64>, minimum = 1, example = 20)]
    pub(super) limit: u32,
    /// The `next_cursor` of the page before.
    #[param(value_type = Option<String>, pattern = "^[1-9][0-9]*$")]
    pub(super) cursor: Option<i64>,
}

impl PageQuery {
    /// How long a page is when nobody says.
    pub(super) const LIMIT: u32 = 20;
}

impl Decode for PageQuery {
    fn decode(reader: &mut Reader, _: &HttpConfig) -> Option<Self> {
        let limit = reader.optional("limit", page_limit);
        let cursor = reader.optional("cursor", page_cursor);
        Some(Self { limit: limit?.unwrap_or(Self::LIMIT).min(MAX_LIMIT), cursor: cursor? })
    }
}

/// A page.
#[derive(Serialize, ToSchema)]
pub(crate) struct PageView<T: ToSchema> {
    /// What is on it.
    items: Vec<T>,
    /// Where the next one begins; `null` on the last.
    next_cursor: Option<String>,
}

impl<T: ToSchema> PageView<T> {
    /// A page of at most as many items as asked for: a full one may have a successor.
    pub(super) fn of<S, C: ToString>(
        found: Vec<S>,
        limit: u32,
        cursor: impl Fn(&S) -> C,
        view: impl FnMut(S) -> T,
    ) -> Self {
        let full = u32::try_from(found.len()).is_ok_and(|length| length >= limit);
        let next_cursor = found.last().filter(|_| full).map(|last| cursor(last).to_string());
        Self { items: found.into_iter().map(view).collect(), next_cursor }
    }

    /// Everything on one page.
    pub(super) fn whole(items: Vec<T>) -> Self {
        Self { items, next_cursor: None }
    }
}
