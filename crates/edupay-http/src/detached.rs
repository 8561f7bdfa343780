//! Work that ends even when the client has gone: a server drops a handler's future on a TCP reset,
//! and a payment must not stop half-way because somebody closed an app.

use crate::failure::Failure;
use actix_web::rt;
use std::future::Future;

/// Runs the work as a task of its own and waits for it. When the waiting is dropped, the work goes
/// on. A panic of the work is an internal failure, and nothing else ends because of it.
pub(crate) async fn detached<T, E>(work: impl Future<Output = Result<T, E>> + 'static) -> Result<T, Failure>
where
    T: 'static,
    E: Into<Failure> + 'static,
{
    match rt::spawn(work).await {
        Ok(answer) => answer.map_err(Into::into),
        Err(_) => Err(Failure::Internal("a task panicked")),
    }
}
