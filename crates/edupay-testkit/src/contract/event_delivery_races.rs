//! Claims about events on their way out that many work on at once.

use super::event_delivery_case::{DeliveryHarness, status};
use super::{Case, Verdict};
use crate::fixtures::fen;
use edupay_domain::accounts::{AdjustBalance, adjust_balance};
use edupay_domain::event_delivery::{ClaimDelivery, FanOut, claim_delivery, fan_out};
use edupay_domain::ids::EventId;
use edupay_domain::ledger::Bucket;
use futures_util::future::join_all;
use std::collections::BTreeSet;

/// How many write at once, how many make deliveries meanwhile.
const WRITERS: u32 = 6;
const WORKERS: u32 = 3;

/// While many write and many make deliveries, each event gets one delivery at each endpoint and none is
/// lost, in whatever order the clocks of the writers put them.
pub async fn every_event_reaches_every_endpoint_once<H: DeliveryHarness + ?Sized>(harness: &H, rounds: u32) -> Verdict {
    let case = Case::new(harness);
    let endpoints = [case.endpoint(&[]).await, case.endpoint(&["balance.adjusted"]).await];
    let mut users = Vec::new();
    for _ in 0..WRITERS {
        users.push(case.user().await.id);
    }
    let mut written: BTreeSet<EventId> = BTreeSet::new();
    for round in 0..rounds {
        let writing = users.iter().zip(0_i64..).map(|(user_id, writer)| {
            let command = case.adjustment(*user_id, Bucket::Bonus, fen(5));
            // A clock that is behind: what is written last did not happen last.
            let at = case.minute(i64::from(rounds).saturating_sub(round.into()).saturating_add(writer));
            let (command, wallets) = (AdjustBalance { at, ..command }, harness.wallets());
            tokio::spawn(
                async move { wallets.adjust_balance(&command, adjust_balance).await.map(|_| command.event_id) },
            )
        });
        let writing: Vec<_> = writing.collect();
        let working = (0..WORKERS).map(|_| {
            let (deliveries, command) = (harness.deliveries(), FanOut { at: case.minute(1_000), limit: 2 });
            tokio::spawn(async move { deliveries.fan_out(&command, fan_out).await })
        });
        let working: Vec<_> = working.collect();
        for done in join_all(writing).await {
            written.insert(done.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?);
        }
        for done in join_all(working).await {
            done.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        }
    }
    case.fan_out_all(1_000).await;
    for endpoint in &endpoints {
        let told: Vec<_> = case.deliveries_of(endpoint.id).await.into_iter().map(|one| one.event_id).collect();
        let once: BTreeSet<_> = told.iter().copied().collect();
        if once.len() != told.len() || once != written {
            let lost = written.difference(&once).count();
            return Err(format!("of {} events {lost} were lost; {} deliveries were made", written.len(), told.len()));
        }
    }
    Ok(())
}

/// Of many workers that ask at once, one gets the delivery; the endpoint is free again after its answer.
pub async fn one_delivery_is_sent_by_one_worker<H: DeliveryHarness + ?Sized>(harness: &H, rounds: u32) -> Verdict {
    let case = Case::new(harness);
    let endpoint = case.endpoint(&[]).await;
    let user_id = case.user().await.id;
    for round in 0..rounds {
        let event_id = case.happens(user_id, 1).await;
        case.fan_out_all(2).await;
        let command = ClaimDelivery { endpoint_id: endpoint.id, at: case.minute(i64::from(round).saturating_add(3)) };
        let asking = (0..WRITERS).map(|_| {
            let deliveries = harness.deliveries();
            tokio::spawn(async move { deliveries.claim(&command, claim_delivery).await })
        });
        let asking: Vec<_> = asking.collect();
        let mut claims = Vec::new();
        for asked in join_all(asking).await {
            claims.extend(asked.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?);
        }
        let [(claim, _)] = claims.as_slice() else { return Err(format!("{} workers got it", claims.len())) };
        if claim.delivery.event_id != event_id {
            return Err("another event was claimed".to_owned());
        }
        case.answered(claim, status(200), command.at).await;
    }
    Ok(())
}
