//! Waits until the background work has nothing left to do.
//!
//! What was tried in vain is tried again by the service after 10 seconds, then after ever longer
//! times. A run can't wait for hours, so from time to time what is left is made due at once, as if
//! that time had passed.

use crate::checks::{Violation, unfinished};
use crate::database::Eye;
use crate::error::Failure;
use crate::sandbox::{GatewayState, Sandbox};
use crate::stage::Stage;
use std::collections::HashSet;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Within this time everything must have come to rest.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(250);
/// Longer than any call of the service to the gateway: whoever has claimed something for such a call
/// is not robbed of it.
const NUDGE: Duration = Duration::from_secs(6);

/// How long it took, and what is left after all.
pub(crate) struct Rest {
    pub(crate) took: Duration,
    pub(crate) left: Vec<Violation>,
}

/// Waits for it. The gateway behaves well again and nobody asks for anything.
pub(crate) fn come_to_rest(stage: &Stage) -> Result<Rest, Failure> {
    let since = Instant::now();
    let mut nudged = since;
    loop {
        // Not held open: what is in front of PostgreSQL's immediate stop is cut off.
        let looked = Instant::now();
        let mut eye = stage.database.open()?;
        let (mut left, waiting) = what_is_left(&mut eye, &stage.sandbox)?;
        let took = since.elapsed();
        if left.is_empty() || took > LIMIT {
            left.truncate(20);
            return Ok(Rest { took, left });
        }
        if nudged.elapsed() > NUDGE {
            nudge(&mut eye, &waiting)?;
            nudged = Instant::now();
        }
        // What takes long to look at is looked at less often.
        std::thread::sleep(LOOK.max(looked.elapsed()));
    }
}

/// What is unfinished, and the gateway's numbers of the paid charges that are not booked.
fn what_is_left(eye: &mut Eye, sandbox: &Sandbox) -> Result<(Vec<Violation>, Vec<String>), Failure> {
    let GatewayState { charges, refunds } = sandbox.state()?;
    let mut left = unfinished(eye)?;
    let booked: HashSet<String> =
        eye.rows("SELECT charge_id FROM receipts")?.into_iter().map(|row| row.concat()).collect();
    let missing = charges.iter().filter(|charge| charge.paid && !booked.contains(&charge.id));
    let waiting: Vec<String> = missing.map(|charge| charge.order_no.clone()).collect();
    left.extend(
        waiting.iter().map(|number| Violation::new("I12", format!("the paid charge of {number} is not booked"))),
    );
    let pending = refunds.iter().filter(|refund| refund.status == "pending");
    left.extend(pending.map(|refund| Violation::new("I12", format!("{} is pending at the gateway", refund.id))));
    Ok((left, waiting))
}

/// Time passes for what is unfinished.
fn nudge(eye: &mut Eye, waiting: &[String]) -> Result<(), Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros();
    let digits = waiting.iter().filter(|number| number.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let numbers: Vec<String> = digits.map(|number| format!("'{number}'")).collect();
    let mut sql = format!(
        "UPDATE receipts SET next_try_at = {now}, due_at = {now} WHERE due_at > {now};\
         UPDATE refunds SET next_try_at = {now}, due_at = {now} WHERE due_at > {now};\
         UPDATE inbound_events SET due_at = {now} WHERE due_at > {now};"
    );
    if !numbers.is_empty() {
        let numbers = numbers.join(",");
        sql.push_str(&format!(
            "UPDATE charge_attempts SET look_at = {now}, due_at = {now} WHERE due_at > {now} AND gateway_order_no IN ({numbers});"
        ));
    }
    eye.execute(&sql)
}
