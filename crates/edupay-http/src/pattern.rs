//! Which route answered.

/// The pattern of the route that answered, for the log: never the path itself, which may name somebody.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RoutePattern(pub(crate) &'static str);
