//! `edupay config`: every setting with its source, secrets masked.

use super::load::{shown, variable};
use figment::value::Value;
use figment::{Figment, Source};
use std::io::{self, Write};

/// What is shown instead of a secret.
const MASK: &str = "\"…\"";
/// The source of what nobody has said.
const DEFAULT: &str = "default";

/// Writes one line per setting, as TOML with a comment.
pub(crate) fn print(figment: &Figment, out: &mut impl Write) -> io::Result<()> {
    let Ok(Value::Dict(_, all)) = figment.find_value("") else { return Ok(()) };
    let mut lines = Vec::new();
    for (key, value) in &all {
        flatten(key, value, &mut lines);
    }
    for (path, value) in lines {
        let text = match &value {
            Value::String(_, text) if is_secret(&path) && !text.is_empty() => MASK.to_owned(),
            Value::Empty(..) => "\"\"".to_owned(),
            value => serde_json::to_string(value).unwrap_or_default(),
        };
        writeln!(out, "{path} = {text}  # {}", source(figment, &path))?;
    }
    Ok(())
}

fn flatten(path: &str, value: &Value, lines: &mut Vec<(String, Value)>) {
    match value {
        Value::Dict(_, inner) if !inner.is_empty() => {
            for (key, value) in inner {
                flatten(&format!("{path}.{key}"), value, lines);
            }
        }
        value => lines.push((path.to_owned(), value.clone())),
    }
}

fn is_secret(path: &str) -> bool {
    matches!(path, "database_url" | "pingpp.api_key")
}

/// Whether nobody has said what this setting is.
pub(crate) fn is_default(figment: &Figment, path: &str) -> bool {
    source(figment, path) == DEFAULT
}

fn source(figment: &Figment, path: &str) -> String {
    let Some(metadata) = figment.find_metadata(path) else { return DEFAULT.to_owned() };
    match &metadata.source {
        Some(Source::File(file)) => shown(file),
        _ if metadata.name == "environment" => variable(path),
        _ if metadata.name.starts_with("--") => metadata.name.to_string(),
        _ => DEFAULT.to_owned(),
    }
}
