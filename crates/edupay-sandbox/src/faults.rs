//! The fault plan: what `PUT /sandbox/faults` takes, and the draws it decides.

mod plan;
mod switch;

use std::time::Duration;

use serde_json::Value;

use crate::ids::Draws;
pub(crate) use plan::Plan;
use plan::{OperationFaults, WebhookFaults};
use switch::{Measure, Switch};

/// What a request asks for, as the plan names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Create,
    Retrieve,
    List,
    Reverse,
    Refund,
    RefundRetrieve,
    RefundList,
    Event,
}

/// Something that happens instead of processing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    Drop,
    Error,
    Throttle,
    Refuse,
}

/// Something that happens to the reply after processing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    Drop,
    Error,
    Garbage,
    Truncate,
    WrongSignature,
}

/// Members that are shown wrongly.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Distortions {
    amount: bool,
    currency: bool,
    app: bool,
    livemode: bool,
}

/// The faults of one request.
#[derive(Debug)]
pub(crate) struct RequestFaults {
    pub(crate) latency: Duration,
    pub(crate) before: Option<Before>,
    pub(crate) fail_later: bool,
    pub(crate) latency_after: Duration,
    pub(crate) distortions: Distortions,
    pub(crate) after: Option<After>,
}

/// How a webhook is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signing {
    Good,
    Bad,
    Absent,
}

/// The faults of one event's webhook.
#[derive(Debug)]
pub(crate) struct DeliveryFaults {
    pub(crate) never: bool,
    pub(crate) delay: Duration,
    pub(crate) copies: u64,
    pub(crate) signing: Signing,
    pub(crate) distortions: Distortions,
}

/// The plan in force and the random numbers it draws.
#[derive(Debug)]
pub(crate) struct Faults {
    plan: Plan,
    draws: Draws,
}

impl Faults {
    pub(crate) fn new(plan: Plan) -> Self {
        let draws = Draws::new(plan.seed);
        Self { plan, draws }
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Decides the faults of one request and counts those that act.
    pub(crate) fn of_request(&mut self, operation: Operation) -> RequestFaults {
        let draws = &mut self.draws;
        let mut both = self.plan.of(operation);
        let mut drawn = |pick: fn(&mut OperationFaults) -> &mut Option<Switch>| {
            both.iter_mut().any(|faults| draw(pick(faults), draws))
        };
        // The first that acts is the only one that is counted.
        let before = if drawn(|f| &mut f.drop_before) {
            Some(Before::Drop)
        } else if drawn(|f| &mut f.error_before) {
            Some(Before::Error)
        } else if drawn(|f| &mut f.throttle) {
            Some(Before::Throttle)
        } else if drawn(|f| &mut f.refuse) {
            Some(Before::Refuse)
        } else {
            None
        };
        let processed = before.is_none();
        let after = if !processed {
            None
        } else if drawn(|f| &mut f.drop_after_processing) {
            Some(After::Drop)
        } else if drawn(|f| &mut f.error_after_processing) {
            Some(After::Error)
        } else if drawn(|f| &mut f.garbage) {
            Some(After::Garbage)
        } else if drawn(|f| &mut f.truncated) {
            Some(After::Truncate)
        } else if drawn(|f| &mut f.unsigned) {
            Some(After::WrongSignature)
        } else {
            None
        };
        let distortions = Distortions {
            amount: processed && drawn(|f| &mut f.wrong_amount),
            currency: processed && drawn(|f| &mut f.wrong_currency),
            app: processed && drawn(|f| &mut f.wrong_app),
            livemode: processed && drawn(|f| &mut f.wrong_livemode),
        };
        let fail_later = operation == Operation::Refund && processed && drawn(|f| &mut f.fail_later);
        let mut wait = |pick: fn(&mut OperationFaults) -> &mut Option<Measure>| {
            let drawn = both.iter_mut().map(|faults| measure(pick(faults), draws));
            Duration::from_millis(drawn.fold(0, u64::saturating_add))
        };
        RequestFaults {
            latency: wait(|f| &mut f.latency_ms),
            latency_after: wait(|f| &mut f.latency_after_ms),
            before,
            fail_later,
            distortions,
            after,
        }
    }

    /// Whether the charge just created is paid before its creator hears of it.
    pub(crate) fn pays_before_reply(&mut self) -> bool {
        draw(&mut self.plan.webhooks.before_reply, &mut self.draws)
    }

    /// Decides the faults of one event's webhook and counts those that act.
    pub(crate) fn of_delivery(&mut self) -> DeliveryFaults {
        let draws = &mut self.draws;
        let faults: &mut WebhookFaults = &mut self.plan.webhooks;
        let mut delay = measure(&mut faults.delay_ms, draws);
        if draw(&mut faults.shuffle, draws) {
            delay = delay.saturating_add(draws.below(faults.shuffle_window_ms.unwrap_or(1500)));
        }
        let signing = if draw(&mut faults.bad_signature, draws) {
            Signing::Bad
        } else if draw(&mut faults.no_signature, draws) {
            Signing::Absent
        } else {
            Signing::Good
        };
        DeliveryFaults {
            never: draw(&mut faults.never, draws),
            delay: Duration::from_millis(delay),
            copies: measure(&mut faults.duplicate, draws).min(100).saturating_add(1),
            signing,
            distortions: Distortions {
                amount: draw(&mut faults.wrong_amount, draws),
                currency: draw(&mut faults.wrong_currency, draws),
                app: draw(&mut faults.wrong_app, draws),
                livemode: draw(&mut faults.wrong_livemode, draws),
            },
        }
    }
}

impl Distortions {
    /// Falsifies a charge or a refund, the ones in a list, or the one in an event.
    pub(crate) fn apply(self, value: &mut Value) {
        if let Some(Value::Array(items)) = value.get_mut("data") {
            items.iter_mut().for_each(|item| self.apply(item));
            return;
        }
        if let Some(object) = value.get_mut("data").and_then(|data| data.get_mut("object")) {
            self.apply(object);
        } else if self.amount
            && let Some(amount) = value.get_mut("amount")
        {
            *amount = amount.as_i64().unwrap_or(0).saturating_add(1).into();
        }
        if self.currency && value.get("currency").is_some() {
            replace(value, "currency", "usd".into());
        }
        if self.app && value.get("app").is_some() {
            replace(value, "app", "app_somebodyelse0000".into());
        }
        if self.livemode && value.get("livemode").is_some() {
            replace(value, "livemode", true.into());
        }
    }
}

fn replace(object: &mut Value, member: &str, new: Value) {
    if let Some(old) = object.get_mut(member) {
        *old = new;
    }
}

fn draw(switch: &mut Option<Switch>, draws: &mut Draws) -> bool {
    switch.as_mut().is_some_and(|switch| switch.draw(draws))
}

fn measure(measure: &mut Option<Measure>, draws: &mut Draws) -> u64 {
    measure.as_mut().map_or(0, |measure| measure.draw(draws))
}
