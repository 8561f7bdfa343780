//! The JSON of the fault plan.

use serde::{Deserialize, Serialize};

use super::Operation;
use super::switch::{Measure, Switch};
use crate::ids;

/// The whole plan; an unknown name in it is an error, so that a misspelt fault is noticed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Plan {
    #[serde(default = "ids::seed")]
    pub(super) seed: u64,
    #[serde(skip_serializing_if = "OperationFaults::is_empty")]
    all: OperationFaults,
    #[serde(skip_serializing_if = "OperationFaults::is_empty")]
    create: OperationFaults,
    #[serde(skip_serializing_if = "OperationFaults::is_empty")]
    retrieve: OperationFaults,
    #[serde(skip_serializing_if = "OperationFaults::is_empty")]
    list: OperationFaults,
    #[serde(skip_serializing_if = "OperationFaults::is_empty")]
    reverse: OperationFaults,
    #[serde(skip_serializing_if = "OperationFaults::is_empty")]
    refund: OperationFaults,
    #[serde(skip_serializing_if = "OperationFaults::is_empty")]
    refund_retrieve: OperationFaults,
    #[serde(skip_serializing_if = "OperationFaults::is_empty")]
    refund_list: OperationFaults,
    #[serde(skip_serializing_if = "OperationFaults::is_empty")]
    event: OperationFaults,
    #[serde(skip_serializing_if = "WebhookFaults::is_empty")]
    pub(super) webhooks: WebhookFaults,
}

macro_rules! faults {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $kind:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub(super) struct $name {
            $($(#[$field_meta])*
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(super) $field: Option<$kind>,)*
        }

        impl $name {
            fn is_empty(&self) -> bool {
                true $(&& self.$field.is_none())*
            }
        }
    };
}

faults! {
    /// The faults of one operation.
    OperationFaults {
        #[serde(alias = "latency")]
        latency_ms: Measure,
        drop_before: Switch,
        error_before: Switch,
        throttle: Switch,
        refuse: Switch,
        fail_later: Switch,
        latency_after_ms: Measure,
        #[serde(alias = "drop_after")]
        drop_after_processing: Switch,
        #[serde(alias = "error_after")]
        error_after_processing: Switch,
        garbage: Switch,
        truncated: Switch,
        unsigned: Switch,
        wrong_amount: Switch,
        wrong_currency: Switch,
        wrong_app: Switch,
        wrong_livemode: Switch,
    }
}

faults! {
    /// The faults of webhooks.
    WebhookFaults {
        #[serde(alias = "delay")]
        delay_ms: Measure,
        before_reply: Switch,
        duplicate: Measure,
        shuffle: Switch,
        shuffle_window_ms: u64,
        never: Switch,
        bad_signature: Switch,
        no_signature: Switch,
        wrong_amount: Switch,
        wrong_currency: Switch,
        wrong_app: Switch,
        wrong_livemode: Switch,
    }
}

impl Plan {
    /// The faults of one operation, then those of all of them.
    pub(super) fn of(&mut self, operation: Operation) -> [&mut OperationFaults; 2] {
        let own = match operation {
            Operation::Create => &mut self.create,
            Operation::Retrieve => &mut self.retrieve,
            Operation::List => &mut self.list,
            Operation::Reverse => &mut self.reverse,
            Operation::Refund => &mut self.refund,
            Operation::RefundRetrieve => &mut self.refund_retrieve,
            Operation::RefundList => &mut self.refund_list,
            Operation::Event => &mut self.event,
        };
        [own, &mut self.all]
    }
}
