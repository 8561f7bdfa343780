//! Pages of charges and refunds, newest first.

use edupay_pingpp::wire::{Charge, List, Refund};

use super::Book;
use crate::errors::ApiError;
use crate::params::{Direction, ListCharges, ListRefunds, Page};

impl Book {
    pub(crate) fn list(&self, wanted: &ListCharges) -> Result<List<Charge>, ApiError> {
        let matching = self.charges.iter().rev().filter(|charge| matches(charge, wanted));
        let (data, has_more) = page(matching, &wanted.page, |charge| &charge.id)?;
        Ok(List { has_more, data, ..List::empty("/v1/charges".to_owned()) })
    }

    pub(crate) fn list_refunds(&self, charge_id: &str, wanted: &ListRefunds) -> Result<List<Refund>, ApiError> {
        let charge = self.find(charge_id).ok_or_else(|| ApiError::not_found("charge", charge_id))?;
        let refunds = charge.refunds.data.iter();
        let (data, has_more) = page(refunds, &wanted.page, |refund| &refund.id)?;
        Ok(List { has_more, data, ..List::empty(charge.refunds.url.clone()) })
    }
}

fn matches(charge: &Charge, wanted: &ListCharges) -> bool {
    let is = |wanted: Option<bool>, actual: bool| wanted.is_none_or(|wanted| wanted == actual);
    (wanted.created.0..=wanted.created.1).contains(&charge.created)
        && wanted.channel.as_ref().is_none_or(|channel| *channel == charge.channel)
        && is(wanted.paid, charge.paid)
        && is(wanted.refunded, charge.refunded)
        && is(wanted.reversed, charge.reversed)
}

/// The page next to the cursor, and whether more lies beyond it.
fn page<'a, T: Clone + 'a>(
    items: impl Iterator<Item = &'a T>,
    page: &Page,
    id: fn(&T) -> &String,
) -> Result<(Vec<T>, bool), ApiError> {
    let items: Vec<&T> = items.collect();
    let place = |cursor: &String, param: &str| {
        let found = items.iter().position(|item| id(item) == cursor);
        found.ok_or_else(|| ApiError::param(param, format!("No such object: {cursor}")))
    };
    let rest = match &page.from {
        None => items.as_slice(),
        Some((Direction::After, cursor)) => {
            let at = place(cursor, "starting_after")?;
            items.get(at.saturating_add(1)..).unwrap_or_default()
        }
        Some((Direction::Before, cursor)) => {
            let at = place(cursor, "ending_before")?;
            let newer = items.get(..at).unwrap_or_default();
            let from = newer.len().saturating_sub(page.limit);
            let nearest = newer.get(from..).unwrap_or_default();
            return Ok((nearest.iter().map(|item| (*item).clone()).collect(), from > 0));
        }
    };
    let data = rest.iter().take(page.limit).map(|item| (*item).clone()).collect();
    Ok((data, rest.len() > page.limit))
}
