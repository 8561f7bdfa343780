//! The events that were written against what the receiver was told.

use super::Violation;
use crate::database::Eye;
use crate::error::Failure;
use crate::receiver::Told;
use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

/// More of one kind are not listed.
const MOST: usize = 20;

/// What a receiver knows, and which events were there before it was.
#[derive(Debug, Default)]
pub(crate) struct Hearsay {
    pub(crate) told: HashMap<String, Told>,
    pub(crate) before: HashSet<String>,
    pub(crate) oddities: Vec<String>,
}

struct Event {
    user: i64,
    kind: String,
    payload: Value,
    occurred_at: i64,
}

/// The names of all events there are.
pub(crate) fn event_ids(eye: &mut Eye) -> Result<HashSet<String>, Failure> {
    Ok(eye.rows("SELECT event_id FROM outbox")?.into_iter().map(|row| row.concat()).collect())
}

/// The other half of I11: each event was delivered, and nothing was that is none.
pub(super) fn check(eye: &mut Eye, hearsay: &Hearsay) -> Result<Vec<Violation>, Failure> {
    let mut events = HashMap::new();
    for row in eye.rows("SELECT event_id, user_id, kind, payload, occurred_at FROM outbox")? {
        if let [id, user, kind, payload, at] = row.as_slice() {
            let (user, occurred_at) = (user.parse()?, at.parse()?);
            let payload = serde_json::from_str(payload)?;
            events.insert(id.clone(), Event { user, kind: kind.clone(), payload, occurred_at });
        }
    }
    let mut found: Vec<Violation> = hearsay.oddities.iter().map(|odd| Violation::new("I11", odd.clone())).collect();
    found.extend(undelivered(&events, hearsay).take(MOST));
    found.extend(hearsay.told.iter().filter_map(|(id, told)| made_up(id, told, events.get(id))).take(MOST));
    Ok(found)
}

fn undelivered<'a>(
    events: &'a HashMap<String, Event>,
    hearsay: &'a Hearsay,
) -> impl Iterator<Item = Violation> + use<'a> {
    let due = events.iter().filter(|(id, _)| !hearsay.before.contains(*id));
    due.filter_map(|(id, event)| {
        let what = match hearsay.told.get(id) {
            None => "was never delivered",
            Some(told) if told.taken == 0 => "was delivered, not taken, and not sent again",
            Some(_) => return None,
        };
        Some(Violation::new("I11", format!("event {id} ({} of user {}) {what}", event.kind, event.user)))
    })
}

/// What was told and was not written so.
fn made_up(id: &str, told: &Told, event: Option<&Event>) -> Option<Violation> {
    let wrong = |what: String| Some(Violation::new("I11", format!("event {id} was told as {}, {what}", told.body)));
    let Some(event) = event else { return wrong("and there is none".to_owned()) };
    let mut data = event.payload.clone();
    if let Some(fields) = data.as_object_mut() {
        fields.insert("user_id".to_owned(), event.user.into());
    }
    let at = DateTime::from_timestamp_micros(event.occurred_at).unwrap_or_default();
    let timestamp = at.to_rfc3339_opts(SecondsFormat::Micros, true);
    let expected = json!({ "type": event.kind, "timestamp": timestamp, "data": data });
    match serde_json::from_str::<Value>(&told.body) {
        Ok(body) if body == expected => None,
        _ => wrong(format!("and is {expected}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    fn event() -> Event {
        let payload = json!({ "order_no": "1", "amount_fen": 9_900, "channel": "balance" });
        Event { user: 1, kind: "order.paid".to_owned(), payload, occurred_at: 1_465_962_830_598_744 }
    }

    fn told(amount: i64, taken: u64) -> Told {
        let data = json!({ "amount_fen": amount, "channel": "balance", "order_no": "1", "user_id": 1 });
        let body = json!({ "data": data, "timestamp": "2016-06-15T03:53:50.598744Z", "type": "order.paid" });
        Told { body: body.to_string(), taken }
    }

    #[test]
    fn an_event_is_told_as_it_was_written() {
        assert_eq!(made_up(ID, &told(9_900, 1), Some(&event())), None);
        assert!(made_up(ID, &told(9_901, 1), Some(&event())).is_some());
        assert!(made_up(ID, &told(9_900, 1), None).is_some());
    }

    #[test]
    fn what_was_written_is_taken_at_least_once() {
        let events = HashMap::from([(ID.to_owned(), event())]);
        let missing = |told: Option<Told>, before: bool| {
            let told = told.map(|told| (ID.to_owned(), told)).into_iter().collect();
            let before = before.then(|| ID.to_owned()).into_iter().collect();
            undelivered(&events, &Hearsay { told, before, oddities: Vec::new() }).count()
        };
        assert_eq!((missing(Some(told(9_900, 1)), false), missing(Some(told(9_900, 2)), false)), (0, 0));
        assert_eq!((missing(Some(told(9_900, 0)), false), missing(None, false)), (1, 1));
        assert_eq!(missing(None, true), 0, "it happened before anybody listened");
    }
}
