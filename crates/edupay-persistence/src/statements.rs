//! Whether statements are kept prepared on PostgreSQL's connections, and why.

/// What an operator says about prepared statements.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PreparedStatements {
    /// The program finds out whether they are safe.
    #[default]
    Auto,
    /// Always. Behind a pooler that does not keep them apart another client's statement would run.
    On,
    /// Never.
    Off,
}

/// Whether a connection keeps its statements prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementCache {
    /// Each statement is parsed once per connection.
    On,
    /// Each statement is sent whole each time.
    Off,
}

/// Why statements are kept prepared or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheReason {
    /// The database is a file, which nothing lies before.
    File,
    /// The operator said so.
    Setting,
    /// Each connection has a server process of its own.
    Direct,
    /// A pooler lies before the server, and each client found its own statements again.
    PoolerKeepsThemApart,
    /// A pooler lies before the server, and nothing showed that it keeps statements apart.
    Pooler,
    /// The server did not answer what it was asked.
    Unclear,
}

/// What was decided when the store was connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statements {
    /// For every connection of the store.
    pub cache: StatementCache,
    /// Why.
    pub reason: CacheReason,
}

impl Statements {
    /// Whether a connection's settings are its own, as far as is known: behind a pooler they are set
    /// for whoever uses the server's process next.
    pub(crate) fn session_is_own(self) -> bool {
        match self.reason {
            CacheReason::File | CacheReason::Direct => true,
            CacheReason::Setting => self.cache == StatementCache::On,
            CacheReason::PoolerKeepsThemApart | CacheReason::Pooler | CacheReason::Unclear => false,
        }
    }
}
