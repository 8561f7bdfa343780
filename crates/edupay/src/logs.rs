//! Log lines on standard error.

use crate::error::Failure;
use crate::settings::{LogFormat, Settings};
use std::io::IsTerminal;
use thiserror::Error;
use tracing_subscriber::filter::{LevelFilter, ParseError, Targets};
use tracing_subscriber::prelude::*;

/// Starts logging. A second start in one process changes nothing.
pub(crate) fn start(settings: &Settings) -> Result<(), Failure> {
    let filter = filter(&settings.log.level).map_err(|error| Failure::setting("log.level", error))?;
    // A line that can't be written is lost. It must not cost its request the answer, as a panic would.
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).log_internal_errors(false);
    let _ = match settings.log.format {
        LogFormat::Text => tracing_subscriber::registry()
            .with(filter)
            .with(lines.with_ansi(std::io::stderr().is_terminal()))
            .try_init(),
        LogFormat::Json => {
            tracing_subscriber::registry().with(filter).with(lines.json().flatten_event(true)).try_init()
        }
    };
    Ok(())
}

/// Why nobody can tell what is to be logged.
#[derive(Debug, Error)]
enum FilterError {
    #[error("`{0}` is no level and no `target=level`")]
    Part(String),
    #[error("no levels")]
    Targets(#[from] ParseError),
}

/// From `info` or `warn,edupay_http=debug`. The library takes what it does not know for the name of a target.
fn filter(levels: &str) -> Result<Targets, FilterError> {
    let parts: Vec<_> = levels.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return Err(FilterError::Part(levels.to_owned()));
    }
    for part in &parts {
        let (target, level) = part.rsplit_once('=').map_or((None, *part), |(target, level)| (Some(target), level));
        let is_name =
            |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_:-".contains(c));
        if level.parse::<LevelFilter>().is_err() || level.is_empty() || !target.is_none_or(is_name) {
            return Err(FilterError::Part((*part).to_owned()));
        }
    }
    Ok(parts.join(",").parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn a_level_or_targets_with_levels_are_taken() {
        for (levels, ours, theirs) in [
            ("info", Level::INFO, Level::INFO),
            ("INFO", Level::INFO, Level::INFO),
            ("warn,edupay_http=debug", Level::DEBUG, Level::WARN),
            (" warn , edupay_http=trace,", Level::TRACE, Level::WARN),
        ] {
            let filter = filter(levels).unwrap();
            for (target, level) in [("edupay_http::log", ours), ("actix_server", theirs)] {
                assert!(filter.would_enable(target, &level), "{levels}: {target}");
                let beyond = Level::TRACE;
                assert_eq!(filter.would_enable(target, &beyond), level == beyond, "{levels}: {target}");
            }
        }
        assert!(!filter("off").unwrap().would_enable("edupay", &Level::ERROR));
    }

    #[test]
    fn what_is_neither_is_refused() {
        for levels in ["loud", "info,loud", "edupay=", "edupay=loud", "=info", "[span]=info", "edupay[x]=debug"] {
            let error = filter(levels).unwrap_err().to_string();
            assert!(error.contains(levels.trim_start_matches("info,")), "{error}");
        }
        for nothing in ["", " , "] {
            assert!(filter(nothing).is_err(), "{nothing:?}");
        }
    }
}
