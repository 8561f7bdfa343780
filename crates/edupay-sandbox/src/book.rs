//! Everything that happened: charges with their refunds, events, deliveries. In memory only.

mod charges;
mod listing;
mod refunds;

use std::collections::{HashMap, HashSet};

use edupay_pingpp::wire::Charge;

use crate::events::{Delivery, StoredEvent};
pub(crate) use charges::Payment;

#[derive(Default)]
pub(crate) struct Book {
    /// Oldest first.
    charges: Vec<Charge>,
    by_id: HashMap<String, usize>,
    /// The newest charge of each content, for repeats.
    by_content: HashMap<[String; 6], usize>,
    wechat_order_nos: HashSet<String>,
    failing_refunds: HashSet<String>,
    events: Vec<StoredEvent>,
    deliveries: Vec<Delivery>,
}

impl Book {
    /// Oldest first.
    pub(crate) fn charges(&self) -> &[Charge] {
        &self.charges
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Charge> {
        self.charges.get(*self.by_id.get(id)?)
    }

    pub(crate) fn events(&self) -> &[StoredEvent] {
        &self.events
    }

    pub(crate) fn find_event(&self, id: &str) -> Option<&StoredEvent> {
        self.events.iter().rev().find(|event| event.id == id)
    }

    pub(crate) fn keep_event(&mut self, event: StoredEvent) {
        self.events.push(event);
    }

    pub(crate) fn deliveries(&self) -> &[Delivery] {
        &self.deliveries
    }

    pub(crate) fn keep_delivery(&mut self, delivery: Delivery) {
        self.deliveries.push(delivery);
    }

    fn find_mut(&mut self, id: &str) -> Option<&mut Charge> {
        self.charges.get_mut(*self.by_id.get(id)?)
    }
}
