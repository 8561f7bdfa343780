//! A look-alike of the Ping++ HTTP API with test keys, for development and for tests that need a
//! gateway which misbehaves on demand.
//!
//! Charges, refunds and events live in memory; only the keys lie on disk, under
//! `<data_dir>/sandbox`. Replies and webhooks are signed, request signatures are verified, and
//! Ping++'s own SDKs work against it unchanged but for the base URL. There is no TLS, no real
//! channel and no live mode.
//!
//! # Faults
//! `PUT /sandbox/faults` replaces the plan, `GET` shows it, `{}` resets it. The plan names an
//! operation (`create`, `retrieve`, `list`, `reverse`, `refund`, `refund_retrieve`, `refund_list`,
//! `event`, or `all`) and its faults:
//!
//! ```json
//! {
//!   "seed": 42,
//!   "create": {
//!     "latency_ms": 300,
//!     "drop_after_processing": {"times": 1},
//!     "refuse": {"probability": 0.25}
//!   },
//!   "webhooks": {"delay_ms": 500, "duplicate": 2, "bad_signature": {"times": 1}}
//! }
//! ```
//!
//! A fault is switched by `true` (always), a number (so many times) or
//! `{"times": n, "probability": p}` (either or both). Draws come from `seed`, which the reply shows
//! when the plan has none. Faults of an operation, in the order in which they act:
//!
//! | fault | what happens |
//! |---|---|
//! | `latency_ms` | the request waits before it is processed; it is processed even if the client has gone. A number, or `{"ms": n, "times": …, "probability": …}` |
//! | `drop_before` | the connection closes without a reply, nothing is processed |
//! | `error_before` | 500 with an error object, nothing is processed |
//! | `throttle` | 403 as Ping++ answers above the plan's concurrency, nothing is processed |
//! | `refuse` | 402 with a `channel_error`, nothing is processed |
//! | `fail_later` | (`refund` only) accepted as pending, then fails with `refund.failed` |
//! | `latency_after_ms` | processed, then the reply waits |
//! | `drop_after_processing` | processed, then the connection closes without a reply |
//! | `error_after_processing` | processed, then 500 |
//! | `garbage` | processed, then 200 with HTML |
//! | `truncated` | processed, then half of the reply and the end of the connection |
//! | `unsigned` | processed, then a reply whose signature is wrong |
//! | `wrong_amount`, `wrong_currency`, `wrong_app`, `wrong_livemode` | processed, but the reply shows another value |
//!
//! The `wrong_*` faults exist for `webhooks` too. Further faults of `webhooks`: `delay_ms` (before
//! each first delivery), `before_reply` (a created charge is paid at once and its webhook is
//! answered before the create reply goes out), `duplicate` (so many extra copies, at the same
//! time), `shuffle` (each webhook waits a random part of `shuffle_window_ms`, default 1500),
//! `never` (kept, not sent; it can be sent with `POST /sandbox/events/{id}/resend`),
//! `bad_signature` and `no_signature`.
//!
//! `GET /sandbox/state` is the ground truth: every charge, refund, event and delivery.
//! `PUT /sandbox/clock` with `{"offset_s": n}` moves the sandbox's clock;
//! `PUT /sandbox/webhook` with `{"url": "…"}` says where webhooks go.

mod auth;
mod book;
mod clock;
mod config;
mod credential;
mod errors;
mod events;
mod faults;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod ids;
mod keys;
mod operation;
mod page;
mod params;
mod reply;
mod routes;
mod server;
mod shared;
mod webhooks;

pub use config::{SandboxConfig, SandboxOptions};
pub use keys::{MERCHANT_PRIVATE_KEY_FILE, PINGPP_PUBLIC_KEY_FILE};
pub use server::Sandbox;

/// The API key the sandbox accepts.
pub const API_KEY: &str = "sk_test_edupay000000000000000000";
/// The one app of the sandbox.
pub const APP_ID: &str = "app_edupay0000000000";
