//! The statements that a store sends, as diesel tells them: of a watched database, and of no other
//! test's that runs at the same time.

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use edupay_persistence::DatabaseUrl;
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

/// A statement and its values.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) text: String,
    pub(crate) values: Vec<serde_json::Value>,
}

impl Sent {
    /// diesel writes `text -- binds: [values]`.
    fn parse(told: &str) -> Self {
        let (text, values) = told.split_once("-- binds:").unwrap_or((told, "[]"));
        let values = serde_json::from_str(values).unwrap_or_else(|error| panic!("{told}: {error}"));
        Self { text: text.trim().to_owned(), values }
    }

    /// The values as PostgreSQL reads them.
    pub(crate) fn literals(&self) -> String {
        let literal = |value: &serde_json::Value| match value {
            serde_json::Value::String(text) => format!("'{}'", text.replace('\'', "''")),
            serde_json::Value::Array(bytes) => {
                let hex: String = bytes.iter().map(|byte| format!("{:02x}", byte.as_u64().unwrap())).collect();
                format!("'\\x{hex}'")
            }
            other => other.to_string(),
        };
        self.values.iter().map(literal).collect::<Vec<_>>().join(", ")
    }
}
