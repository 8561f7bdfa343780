//! Which endpoints there may be, who gets what, when it is tried again.

mod addresses;
mod deliveries;
mod endpoints;
mod queueing;
mod schedule;

pub use addresses::is_public;
pub use deliveries::{AnsweredPlan, DeliveryClaim, claim_delivery, record_answer};
pub use endpoints::{MAX_ENDPOINTS, MAX_SECRETS, change_endpoint, register_endpoint};
pub use queueing::{PING, ReplayPlan, fan_out, queue_ping, replay_step, resend_event};
pub use schedule::{PAUSES, pause_before};
