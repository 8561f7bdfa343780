//! The statements that a store sends, as diesel tells them: of a watched database, and of no other
//! test's that runs at the same time.

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use edupay_persistence::DatabaseUrl;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// The statements of each watched database, by what only its URL contains.
static WATCHED: Mutex<BTreeMap<String, Vec<String>>> = Mutex::new(BTreeMap::new());

/// Tells what its connection sends, once it knows that the connection is a watched one.
#[derive(Default)]
struct Witness(Option<String>);

impl Instrumentation for Witness {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => {
                self.0 = WATCHED.lock().unwrap().keys().find(|mark| url.contains(*mark)).cloned();
            }
            InstrumentationEvent::StartQuery { query, .. } => {
                if let Some(mark) = &self.0 {
                    WATCHED.lock().unwrap().get_mut(mark).unwrap().push(query.to_string());
                }
            }
            _ => {}
        }
    }
}

/// A database whose stores, if they are connected from now on, are watched.
pub(crate) struct Watched(String);

impl Watched {
    pub(crate) fn new(database: &DatabaseUrl) -> Self {
        let mark = match database {
            DatabaseUrl::Sqlite(path) => path.to_str().unwrap().to_owned(),
            // Parameters come behind the name, and one name may begin with another.
            DatabaseUrl::Postgres(url) => format!("{}?", url.rsplit_once('/').unwrap().1),
        };
        WATCHED.lock().unwrap().insert(mark.clone(), Vec::new());
        set_default_instrumentation(|| Some(Box::<Witness>::default())).unwrap();
        Self(mark)
    }

    /// What was sent since the last time, with the values behind each, but for what the pool sends
    /// by itself: it sets connections up and tries whether they are alive.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        let sent = std::mem::take(WATCHED.lock().unwrap().get_mut(&self.0).unwrap());
        let of_the_pool = |text: &str| text.starts_with("SET ") || text.starts_with("PRAGMA ") || text == "SELECT 1";
        sent.iter().map(|text| Sent::parse(text)).filter(|sent| !of_the_pool(&sent.text)).collect()
    }
}

/// A statement and its values, as diesel tells them.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) text: String,
    binds: String,
}

impl Sent {
    /// diesel writes `text -- binds: [values]`.
    fn parse(told: &str) -> Self {
        let (text, binds) = told.split_once("-- binds:").unwrap_or((told, "[]"));
        Self { text: text.trim().to_owned(), binds: binds.to_owned() }
    }

    /// The values as PostgreSQL reads them; a read has no others than these. A list of 32 numbers is a
    /// digest, any other one is a list.
    pub(crate) fn literals(&self) -> Vec<String> {
        let values: Vec<Value> =
            serde_json::from_str(&self.binds).unwrap_or_else(|error| panic!("{}: {}: {error}", self.text, self.binds));
        let literal = |value: &Value| match value {
            Value::String(text) => format!("'{}'", text.replace('\'', "''")),
            Value::Array(list) if list.len() == 32 => {
                let hex: String = list.iter().map(|byte| format!("{:02x}", byte.as_u64().unwrap())).collect();
                format!("'\\x{hex}'")
            }
            Value::Array(list) => {
                format!("'{{{}}}'", list.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
            }
            other => other.to_string(),
        };
        values.iter().map(literal).collect()
    }
}
