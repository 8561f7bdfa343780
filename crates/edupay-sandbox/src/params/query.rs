//! Bracketed query strings and the filters of lists.

use crate::APP_ID;
use crate::errors::ApiError;

/// The pairs of a query string, decoded, in their order.
#[derive(Debug)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

/// Which part of a list is wanted.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) limit: usize,
    pub(crate) from: Option<(Direction, String)>,
}

/// On which side of a cursor the page lies; lists are newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    After,
    Before,
}

/// The filters of `GET /v1/charges`.
#[derive(Debug)]
pub(crate) struct ListCharges {
    pub(crate) page: Page,
    pub(crate) channel: Option<String>,
    pub(crate) paid: Option<bool>,
    pub(crate) refunded: Option<bool>,
    pub(crate) reversed: Option<bool>,
    /// Inclusive bounds of `created`.
    pub(crate) created: (i64, i64),
}

/// The filters of `GET /v1/charges/{id}/refunds`.
#[derive(Debug)]
pub(crate) struct ListRefunds {
    pub(crate) page: Page,
}

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        Self { pairs: form_urlencoded::parse(text.as_bytes()).into_owned().collect() }
    }

    /// Whether `expand[]=app` (or `expand[0]=app`) is asked for.
    pub(crate) fn expands_app(&self) -> bool {
        self.pairs.iter().any(|(key, value)| key.starts_with("expand") && value == "app")
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    fn integer(&self, key: &str) -> Result<Option<i64>, ApiError> {
        match self.get(key) {
            None => Ok(None),
            Some(text) => match text.parse() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(ApiError::param(key, format!("参数 {key} 必须是整数。"))),
            },
        }
    }

    /// Python sends `True`, the others `true`.
    fn boolean(&self, key: &str) -> Result<Option<bool>, ApiError> {
        match self.get(key).map(str::to_ascii_lowercase).as_deref() {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(ApiError::param(key, format!("参数 {key} 必须是布尔值。"))),
        }
    }

    fn page(&self) -> Result<Page, ApiError> {
        let limit = self.integer("limit")?.unwrap_or(10);
        let limit = usize::try_from(limit)
            .ok()
            .filter(|limit| (1..=100).contains(limit))
            .ok_or_else(|| ApiError::param("limit", "参数 limit 的范围是 1 到 100。"))?;
        let after = self.get("starting_after").map(|id| (Direction::After, id.to_owned()));
        let before = self.get("ending_before").map(|id| (Direction::Before, id.to_owned()));
        match (after, before) {
            (Some(_), Some(_)) => {
                Err(ApiError::param("ending_before", "starting_after 和 ending_before 不能同时使用。"))
            }
            (after, before) => Ok(Page { limit, from: after.or(before) }),
        }
    }
}

impl ListCharges {
    pub(crate) fn parse(query: &Query, now: i64) -> Result<Self, ApiError> {
        match query.get("app[id]") {
            None => return Err(ApiError::param("app[id]", "缺少参数 app[id]。")),
            Some(APP_ID) => {}
            Some(other) => {
                return Err(ApiError::param("app[id]", format!("No such app: {other}")));
            }
        }
        Ok(Self {
            page: query.page()?,
            channel: query.get("channel").map(str::to_owned),
            paid: query.boolean("paid")?,
            refunded: query.boolean("refunded")?,
            reversed: query.boolean("reversed")?,
            created: created(query, now)?,
        })
    }
}

impl ListRefunds {
    pub(crate) fn parse(query: &Query) -> Result<Self, ApiError> {
        Ok(Self { page: query.page()? })
    }
}

/// Without any bound Ping++ answers about the last month only.
fn created(query: &Query, now: i64) -> Result<(i64, i64), ApiError> {
    let exact = query.integer("created")?;
    let above = query.integer("created[gt]")?.map(|time| time.saturating_add(1));
    let below = query.integer("created[lt]")?.map(|time| time.saturating_sub(1));
    let from = exact.or(query.integer("created[gte]")?).or(above);
    let to = exact.or(query.integer("created[lte]")?).or(below);
    let month_ago = now.saturating_sub(30 * 86_400);
    Ok(match (from, to) {
        (None, None) => (month_ago, i64::MAX),
        (from, to) => (from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX)),
    })
}
