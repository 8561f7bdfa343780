//! Waits until the background work has nothing left to do.
//!
//! What was tried in vain is tried again by the service after 10 seconds, then after ever longer
//! times. A run can't wait for hours, so from time to time what is left is made due at once, as if
//! that time had passed.

use crate::checks::{Violation, undelivered, unfinished};
use crate::database::Eye;
use crate::error::Failure;
use crate::sandbox::{GatewayState, Sandbox};
use crate::stage::Stage;
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// Within this time everything must have come to rest.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(250);
/// Longer than any call of the service to the gateway: whoever has claimed something for such a call
/// is not robbed of it.
const NUDGE: Duration = Duration::from_secs(6);
/// Longer than the receiver of events takes for an answer. An endpoint that is taken has been taken by a process
/// that is no more, or its message is on its way and will be taken, too.
const NUDGE_DELIVERIES: Duration = Duration::from_secs(1);

/// By then the line of events must have become shorter.
const STILL: Duration = Duration::from_secs(15);
/// Where the clock was wrong, staff compares with the gateway after this time.
const RECONCILE: Duration = Duration::from_secs(9);

/// How long it took, and what is left after all.
pub(crate) struct Rest {
    pub(crate) took: Duration,
    pub(crate) left: Vec<Violation>,
}

/// Waits for it. The gateway and the receiver of events behave well again and nobody asks for anything.
pub(crate) fn come_to_rest(stage: &Stage) -> Result<Rest, Failure> {
    let since = Instant::now();
    let (mut nudged, mut deliveries_nudged) = (since, since);
    let mut queue = Queue { length: usize::MAX, shorter: since };
    let mut is_reconciled = !stage.clock_moves;
    loop {
        // Not held open: what is in front of PostgreSQL's immediate stop is cut off.
        let looked = Instant::now();
        let mut eye = stage.database.open()?;
        let (mut left, waiting) = what_is_left(&mut eye, &stage.sandbox)?;
        let outstanding = undelivered(&mut eye)?;
        queue.look(outstanding.len());
        let took = since.elapsed();
        if (left.is_empty() && outstanding.is_empty())
            || (!left.is_empty() && took > LIMIT)
            || (!outstanding.is_empty() && took > LIMIT && queue.stands_still())
        {
            left.truncate(20);
            left.extend(outstanding.into_iter().take(20));
            return Ok(Rest { took, left });
        }
        let now = stage.service.now_micros()?;
        if nudged.elapsed() > NUDGE {
            nudge(&mut eye, &waiting, now)?;
            nudged = Instant::now();
        }
        if deliveries_nudged.elapsed() > NUDGE_DELIVERIES {
            nudge_deliveries(&mut eye, now)?;
            deliveries_nudged = Instant::now();
        }
        if !is_reconciled && took > RECONCILE {
            stage.service.reconcile()?;
            is_reconciled = true;
        }
        // What takes long to look at is looked at less often.
        std::thread::sleep(LOOK.max(looked.elapsed()));
    }
}

/// The events that wait. They go one after the other, so a long line takes its time; it may not stand still.
struct Queue {
    length: usize,
    shorter: Instant,
}

impl Queue {
    fn look(&mut self, length: usize) {
        if length < self.length {
            self.length = length;
            self.shorter = Instant::now();
        }
    }

    fn stands_still(&self) -> bool {
        self.shorter.elapsed() > STILL
    }
}

/// Lets the endpoint be taken by a process that has just begun: as if the lease of the one that was killed had
/// run out.
pub(crate) fn free_endpoints(stage: &Stage) -> Result<(), Failure> {
    let now = stage.service.now_micros()?;
    stage
        .database
        .open()?
        .execute(&format!("UPDATE webhook_endpoints SET leased_until = {now} WHERE leased_until > {now}"))
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

/// Time passes for what is unfinished. An event that was noted and not fanned out is due at once anyway.
fn nudge(eye: &mut Eye, waiting: &[String], now: i64) -> Result<(), Failure> {
    let digits = waiting.iter().filter(|number| number.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let numbers: Vec<String> = digits.map(|number| format!("'{number}'")).collect();
    let mut sql = format!(
        "UPDATE receipts SET next_try_at = {now}, due_at = {now} WHERE due_at > {now};\
         UPDATE refunds SET next_try_at = {now}, due_at = {now} WHERE due_at > {now};\
         UPDATE inbound_events SET due_at = {now} WHERE due_at > {now};\
         UPDATE app_store_notifications SET due_at = {now} WHERE due_at > {now};"
    );
    if !numbers.is_empty() {
        let numbers = numbers.join(",");
        sql.push_str(&format!(
            "UPDATE charge_attempts SET look_at = {now}, due_at = {now} WHERE due_at > {now} AND gateway_order_no IN ({numbers});"
        ));
    }
    eye.execute(&sql)
}

/// Time passes for what is to be delivered.
fn nudge_deliveries(eye: &mut Eye, now: i64) -> Result<(), Failure> {
    eye.execute(&format!(
        "UPDATE event_deliveries SET due_at = {now} WHERE due_at > {now};\
         UPDATE webhook_endpoints SET leased_until = {now} WHERE leased_until > {now};\
         UPDATE webhook_endpoints SET paused_until = {now} WHERE paused_until > {now};"
    ))
}
