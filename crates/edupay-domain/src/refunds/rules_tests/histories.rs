//! Whatever is asked for, refused and made at the gateway, in whatever order: what goes back never costs
//! more than was paid, and each balance gets what it gave.

use super::*;
use proptest::prelude::*;

/// One thing that happens to the order.
#[derive(Debug, Clone)]
enum Step {
    Ask { no: u8, amount: Option<u32>, to: RefundTarget },
    Answer { no: u8, status: RefundStatus },
    Refuse { no: u8 },
    MadeThere { id: u8, amount: u32, claims: Option<u8> },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let to = prop_oneof![Just(RefundTarget::Source), Just(RefundTarget::Balance)];
    let status = prop_oneof![Just(RefundStatus::Pending), Just(RefundStatus::Succeeded), Just(RefundStatus::Failed)];
    let step = prop_oneof![
        (0_u8..6, prop::option::of(1_u32..90), to).prop_map(|(no, amount, to)| Step::Ask { no, amount, to }),
        (0_u8..6, status).prop_map(|(no, status)| Step::Answer { no, status }),
        (0_u8..6).prop_map(|no| Step::Refuse { no }),
        (0_u8..4, 1_u32..120, prop::option::of(0_u8..6)).prop_map(|(id, amount, claims)| Step::MadeThere {
            id,
            amount,
            claims
        }),
    ];
    prop::collection::vec(step, 0..25)
}

/// What went back, added up apart from the rules.
#[derive(Debug, Default)]
struct Model {
    to_balance: u32,
    by_gateway: u32,
    seen: Vec<u8>,
}

fn run(world: &mut World, model: &mut Model, step: &Step) {
    let named = |world: &World, no: u8| world.named(&number(&format!("R-{no}"))).named;
    match step {
        Step::Ask { no, amount, to } => {
            let before = named(world, *no).map(|refund| refund.stage);
            if let Ok(refund) = world.ask(&wish(&format!("R-{no}"), *amount, *to)) {
                let is_new = before.is_none() || before == Some(RefundStage::Failed);
                if is_new && refund.stage == RefundStage::Succeeded {
                    model.to_balance += u32::try_from(refund.amount.fen()).unwrap();
                }
                if refund.stage == RefundStage::Requested {
                    world.claim(&format!("R-{no}"));
                }
            }
        }
        Step::Answer { no, status } => {
            let Some(refund) = named(world, *no).filter(|refund| refund.stage.is_at_gateway()) else { return };
            let amount = u32::try_from(refund.amount.fen()).unwrap();
            // The gateway never gives back more than it took.
            if *status == RefundStatus::Succeeded && model.by_gateway + amount > 100 {
                return;
            }
            let tries = world.claims.len();
            let id = refund.refund_id.map_or_else(|| format!("re_{no}_{tries}"), |id| id.as_str().to_owned());
            let told = world.tell(&word(&id, amount, *status, Some(&format!("R-{no}")))).unwrap();
            if told.stage == RefundStage::Succeeded {
                model.by_gateway += amount;
            }
        }
        Step::Refuse { no } => {
            let failure = FailRefund {
                user_id: user(1),
                subject: subject(),
                refund_no: number(&format!("R-{no}")),
                failure: "refund_refused".to_owned(),
                at: at(30),
                event_id: EventId::from_random(9),
            };
            if let Some(plan) = fail_refund(&failure, &world.named(&failure.refund_no)) {
                world.carry(plan);
            }
        }
        Step::MadeThere { id, amount, claims } => {
            let is_new = !model.seen.contains(id);
            if is_new && model.by_gateway + amount > 100 {
                return;
            }
            let waits = |no: &u8| {
                named(world, *no).is_some_and(|refund| {
                    refund.stage == RefundStage::Requested
                        && refund.amount == fen(*amount)
                        && refund.refund_id.is_none()
                })
            };
            // One that claims the number and amount of a refund that waits is that refund, as far as anybody
            // can tell.
            if claims.as_ref().is_some_and(waits) {
                return;
            }
            let claims = claims.map(|no| format!("R-{no}"));
            let word = word(&format!("re_there_{id}"), *amount, RefundStatus::Succeeded, claims.as_deref());
            let told = world.tell(&word);
            if is_new {
                assert_eq!(told.unwrap().amount, fen(*amount));
                model.seen.push(*id);
                model.by_gateway += amount;
            }
        }
    }
}

proptest! {
    #[test]
    fn an_order_of_a_charge_never_costs_more_than_was_paid(steps in steps()) {
        let (mut world, mut model) = (World::new(100, by_charge()), Model::default());
        for step in &steps {
            run(&mut world, &mut model, step);
            let reserved = Money::checked_sum(world.view.refunds.iter().map(Refund::reserved)).unwrap();
            prop_assert!(reserved <= fen(100), "{reserved} after {step:?}");
            let succeeded = Money::checked_sum(world.view.refunds.iter().map(Refund::succeeded)).unwrap();
            // The payer and the buyer together got no more than was paid, less what the buyer gave back or owes.
            let wallet = world.view.wallet;
            let out = i64::from(model.by_gateway) + wallet.cash.fen() - wallet.debt.fen();
            prop_assert_eq!(out, succeeded.fen(), "{:?} after {:?}", wallet, step);
            let expected = match succeeded.fen() {
                0 => "paid",
                100 => "refunded",
                _ => "partly_refunded",
            };
            prop_assert_eq!(world.order().state.code(), expected);
            prop_assert_eq!(world.owned, expected != "refunded");
        }
    }

    #[test]
    fn each_balance_gets_back_exactly_what_it_gave(
        (bonus, iap, cash) in (0_u32..40, 0_u32..40, 1_u32..40),
        amounts in prop::collection::vec(1_u32..30, 0..12),
    ) {
        let paid = bonus + iap + cash;
        let mut world = World::new(paid, Tender::Balance(Split { bonus: fen(bonus), iap: fen(iap), cash: fen(cash) }));
        let mut back = 0;
        for (nth, amount) in amounts.iter().enumerate() {
            let asked = world.ask(&wish(&format!("R-{nth}"), Some(*amount), RefundTarget::Source));
            prop_assert_eq!(asked.is_ok(), back + amount <= paid);
            back += if asked.is_ok() { *amount } else { 0 };
            let expected = [
                back.min(cash),
                back.saturating_sub(cash).min(iap),
                back.saturating_sub(cash + iap),
            ];
            let wallet = world.view.wallet;
            prop_assert_eq!([wallet.cash, wallet.iap, wallet.bonus], expected.map(fen));
        }
    }
}
