//! Where settings come from, and one clear line when one is wrong.

use super::model::Settings;
use crate::error::Failure;
use figment::providers::{Format, Serialized, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Error, Figment, Metadata, Profile, Provider, Source};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

const PREFIX: &str = "EDUPAY_";
/// Variables of the test suite, which are no settings.
const NOT_SETTINGS: &str = "EDUPAY_TEST_";

/// What the command line says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) config: Option<PathBuf>,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) listen: Option<SocketAddr>,
}

/// The settings with their sources.
pub(crate) fn load(overrides: &Overrides) -> Result<(Settings, Figment), Failure> {
    let figment = figment(overrides)?;
    Ok((settings(&figment)?, figment))
}

/// The settings of these sources, if they can be worked with.
pub(super) fn settings(figment: &Figment) -> Result<Settings, Failure> {
    let settings: Settings = figment.extract_lossy().map_err(|error| wrong(&error))?;
    settings.check()?;
    Ok(settings)
}

/// What holds where nobody says anything.
pub(super) fn defaults() -> Figment {
    Figment::from(Serialized::defaults(Settings::default()))
}

fn figment(overrides: &Overrides) -> Result<Figment, Failure> {
    let mut figment = defaults();
    if let Some(file) = &overrides.config {
        if !file.is_file() {
            return Err(Failure::setting("--config", format!("there is no file {}", file.display())));
        }
        figment = figment.merge(Toml::file_exact(file));
    }
    figment = figment.merge(variables()?);
    if let Some(data_dir) = &overrides.data_dir {
        figment = figment.merge(said("--data-dir", "data_dir", &data_dir.display().to_string()));
    }
    if let Some(listen) = &overrides.listen {
        figment = figment.merge(said("--listen", "listen", &listen.to_string()));
    }
    Ok(figment)
}

/// One line that names the setting; its value is not shown, since it may be a secret.
fn wrong(error: &Error) -> Failure {
    let path = error.path.join(".");
    let source = error.metadata.as_ref().map_or_else(String::new, source);
    let kind = match &error.kind {
        figment::error::Kind::Message(text) if path.is_empty() => {
            // Of a file that is no TOML: where, and not what stands there.
            let place = text.lines().next().unwrap_or_default();
            return Failure::setting("--config", format!("{place}{source}"));
        }
        figment::error::Kind::UnknownField(field, _) => {
            return Failure::setting(&joined(&path, field), format!("no such setting{source}"));
        }
        figment::error::Kind::Message(_) => "not a value of this setting".to_owned(),
        figment::error::Kind::InvalidType(_, expected) if expected == "a sequence" => {
            "expected a list, such as [\"one\", \"two\"]".to_owned()
        }
        figment::error::Kind::InvalidType(_, expected) | figment::error::Kind::InvalidValue(_, expected) => {
            format!("expected {expected}")
        }
        other => other.to_string(),
    };
    Failure::setting(&path, format!("{kind}{source}"))
}

fn source(metadata: &Metadata) -> String {
    match &metadata.source {
        Some(Source::File(file)) => format!(" (from {})", shown(file)),
        _ => format!(" (from {})", metadata.name),
    }
}

/// The whole name of an unknown field; its path may or may not end with it.
fn joined(path: &str, field: &str) -> String {
    match path {
        "" => field.to_owned(),
        path if path.ends_with(field) => path.to_owned(),
        path => format!("{path}.{field}"),
    }
}

fn said(option: &'static str, key: &str, value: &str) -> Said {
    Said { option, values: Dict::from([(key.to_owned(), Value::from(value))]) }
}

/// An option of the command line.
struct Said {
    option: &'static str,
    values: Dict,
}

impl Provider for Said {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.option)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Map::from([(Profile::Default, self.values.clone())]))
    }
}

/// The `EDUPAY_*` variables: double underscores nest, lists are TOML arrays, and everything else
/// stays the text it is until its setting reads it, so that no amount passes through a float.
pub(super) struct Variables(pub(super) Vec<(String, String)>);

/// Those of this process. What others have put beside them may be no text.
fn variables() -> Result<Variables, Failure> {
    let mut variables = Vec::new();
    for (name, value) in std::env::vars_os() {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        let value = value.to_str().ok_or_else(|| Failure::setting(name, "not UTF-8"))?;
        variables.push((name.to_owned(), value.to_owned()));
    }
    Ok(Variables(variables))
}

impl Provider for Variables {
    fn metadata(&self) -> Metadata {
        Metadata::named("environment")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let mut all = Dict::new();
        for (name, text) in &self.0 {
            let Some(key) = name.strip_prefix(PREFIX).filter(|_| !name.starts_with(NOT_SETTINGS)) else { continue };
            let path: Vec<String> = key.to_lowercase().split("__").map(str::to_owned).collect();
            insert(&mut all, &path, value(text));
        }
        Ok(Map::from([(Profile::Default, all)]))
    }
}

/// The TOML array that it is, or else the text: an address of IPv6 begins as an array does.
fn value(text: &str) -> Value {
    let list = || Toml::from_str::<Dict>(&format!("list = {text}")).ok()?.remove("list");
    let list = if text.trim_start().starts_with('[') { list() } else { None };
    list.unwrap_or_else(|| Value::from(text))
}

fn insert(dict: &mut Dict, path: &[String], value: Value) {
    match path {
        [] => {}
        [key] => {
            dict.insert(key.clone(), value);
        }
        [key, rest @ ..] => {
            let entry = dict.entry(key.clone()).or_insert_with(|| Value::from(Dict::new()));
            if !matches!(entry, Value::Dict(..)) {
                *entry = Value::from(Dict::new());
            }
            if let Value::Dict(_, inner) = entry {
                insert(inner, rest, value);
            }
        }
    }
}

/// The variable that sets this path.
pub(super) fn variable(path: &str) -> String {
    format!("{PREFIX}{}", path.to_uppercase().replace('.', "__"))
}

/// A file's name for people.
pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}
