//! Which language a client asks for.

use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap};

/// A language in which the protocol failures of the 益安 API are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Language {
    #[default]
    English,
    Chinese,
}

impl Language {
    /// The one of ours that the client likes best; English when it likes none.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let wishes = headers.get_all(ACCEPT_LANGUAGE).filter_map(|value| value.to_str().ok());
        let mut best = (0, Self::default());
        for wish in wishes.flat_map(|value| value.split(',')) {
            let mut parts = wish.split(';').map(str::trim);
            let primary = parts.next().and_then(|tag| tag.split('-').next()).unwrap_or_default().to_ascii_lowercase();
            let language = match primary.as_str() {
                "zh" => Self::Chinese,
                "en" => Self::English,
                _ => continue,
            };
            let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1_000), thousandths).unwrap_or(0);
            if quality > best.0 {
                best = (quality, language);
            }
        }
        best.1
    }

    /// The tag of `Content-Language`.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-hans",
        }
    }
}

/// `0.9` is 900: no floats for a comparison.
fn thousandths(quality: &str) -> Option<u32> {
    let (whole, decimals) = quality.split_once('.').unwrap_or((quality, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 1 || decimals.len() > 3 || !digits(whole) || !digits(decimals) {
        return None;
    }
    format!("{whole}{decimals:0<3}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    #[test]
    fn the_language_liked_best_is_spoken() {
        for (header, expected) in [
            ("", Language::English),
            ("zh-CN,zh;q=0.9", Language::Chinese),
            ("fr, zh;q=0.1", Language::Chinese),
            ("en;q=0.8, zh;q=0.9", Language::Chinese),
            ("en, zh", Language::English),
            ("zh;q=0, en;q=0.1", Language::English),
            ("ZH", Language::Chinese),
            ("zh;q=x", Language::English),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(header));
            assert_eq!(Language::of(&headers), expected, "{header}");
        }
    }
}
