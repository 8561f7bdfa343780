//! Links that lead a person back to this service.

use crate::config::HttpConfig;
use edupay_domain::accounts::Token;

/// Where the cashier page of a link is. Whoever has the link may open it, so it is never logged.
pub(crate) fn cashier_link(config: &HttpConfig, token: &Token) -> String {
    format!("{}/cashier/{}", config.public_url.trim_end_matches('/'), token.reveal())
}
