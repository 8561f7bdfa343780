//! Lists as Ping++ pages them.

use serde::{Deserialize, Serialize};

/// One page of objects, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct List<T> {
    /// Always `list`.
    #[serde(default = "list_object")]
    pub object: String,
    /// The path the list lies under.
    #[serde(default)]
    pub url: String,
    /// Whether a further page exists.
    #[serde(default)]
    pub has_more: bool,
    /// The objects of this page.
    pub data: Vec<T>,
}

impl<T> List<T> {
    /// An empty list under `url`.
    #[must_use]
    pub fn empty(url: String) -> Self {
        Self { object: list_object(), url, has_more: false, data: Vec::new() }
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self::empty(String::new())
    }
}

fn list_object() -> String {
    "list".to_owned()
}
