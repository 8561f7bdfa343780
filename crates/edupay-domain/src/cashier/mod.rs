//! Links to a page on which an order or a student's packages are paid: unguessable, and they expire.
//!
//! What is absent: the page. And a right of its own: whoever opens a link acts as the one who made it,
//! whose right is asked for anew each time.

mod error;
mod model;
mod ports;
mod service;

pub use error::CashierRefusal;
pub use model::{CashierLink, CashierTarget};
pub use ports::CashierLinkStore;
pub use service::{Cashier, CashierService};

#[cfg(feature = "mocks")]
pub use ports::MockCashierLinkStore;
