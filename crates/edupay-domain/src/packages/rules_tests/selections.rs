//! What is refused before anything is priced, tampered amounts, and when a purchase is used again.

use super::*;

#[test]
fn the_packages_are_offered_ones_of_one_project_each_once() {
    use PlaceRefusal::{BadSelection, NotOffered, SeveralProjects};
    for (selection, ids, expected) in [
        (Selection::Single, vec![A], Ok(())),
        (Selection::Single, vec![], Err(BadSelection)),
        (Selection::Single, vec![A, A], Err(BadSelection)),
        (Selection::Single, vec![A, B], Err(BadSelection)),
        (Selection::Single, vec![99], Err(NotOffered(package_id(99)))),
        (Selection::Single, vec![A, OTHER], Err(SeveralProjects)),
        (Selection::Multi, vec![A], Ok(())),
        (Selection::Multi, vec![C, A, B], Ok(())),
        (Selection::Multi, vec![], Err(BadSelection)),
        (Selection::Multi, vec![A, B, A], Err(BadSelection)),
        (Selection::Multi, vec![A, 99], Err(NotOffered(package_id(99)))),
        (Selection::Multi, vec![A, OTHER], Err(SeveralProjects)),
        (Selection::Multi, (1..=21).collect(), Err(BadSelection)),
        // As many as there may be: the first that nobody offers is told.
        (Selection::Multi, (801..=820).collect(), Err(NotOffered(package_id(801)))),
    ] {
        let mut world = World::of("2026-09-01", selection, UpgradePricing::Difference);
        assert_eq!(world.place(PurchaseKind::New, &ids).map(|_| ()), expected, "{selection:?} {ids:?}");
    }
}

#[test]
fn an_upgrade_names_one_package() {
    let mut world = World::of("2026-09-01", Selection::Multi, UpgradePricing::Difference);
    world.buy(PurchaseKind::New, &[A]).unwrap();
    assert_eq!(world.place(PurchaseKind::Upgrade, &[B, C]), Err(PlaceRefusal::BadSelection));
}

#[test]
fn what_is_withdrawn_or_another_schools_is_as_unknown() {
    let withdrawn = |at| Availability::Withdrawn { since: at };
    let changes: [fn(&mut World, Timestamp); 5] = [
        |world, at| world.package(A).availability = Availability::Withdrawn { since: at },
        |world, at| world.view.projects[0].availability = Availability::Withdrawn { since: at },
        |world, _| world.view.projects[0].school_id = Some(school_id(2)),
        |world, _| world.view.projects.clear(),
        |world, _| world.view.packages.clear(),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        for kind in PurchaseKind::ALL {
            let mut world = World::new("2026-09-01");
            if kind != PurchaseKind::New {
                world.buy(PurchaseKind::New, &[A]).unwrap();
            }
            let at = morning(world.today);
            change(&mut world, at);
            assert_eq!(world.place(kind, &[A]), Err(PlaceRefusal::NotOffered(package_id(A))), "{index} {kind:?}");
        }
    }
    // What will be withdrawn is offered until then.
    let mut world = World::new("2026-09-01");
    world.package(A).availability = withdrawn(morning(world.today) + TimeDelta::microseconds(1));
    assert!(world.place(PurchaseKind::New, &[A]).is_ok());
}

#[test]
fn a_student_who_is_not_the_callers_is_as_unknown() {
    let mut world = World::new("2026-09-01");
    let command = world.command(PurchaseKind::New, &[A]);
    let view = PlaceView { offer: None, ..world.place_view() };
    assert_eq!(place_purchase(&command, &view), Err(PlaceRefusal::NotYours));
}

#[test]
fn a_channel_must_be_the_projects() {
    let mut world = World::new("2026-09-01");
    world.view.projects[0].channels = vec![Channel::Alipay];
    assert_eq!(world.place(PurchaseKind::New, &[A]), Err(PlaceRefusal::ChannelNotOffered));
    world.view.projects[0].channels.push(Channel::Wx);
    assert!(world.place(PurchaseKind::New, &[A]).is_ok());
}

#[test]
fn a_tampered_amount_is_refused_and_a_right_one_is_taken_in_fen_or_yuan() {
    for (ids, amount, expected) in [
        (vec![B], "188", Ok(18_800)),
        (vec![B], "188.00", Ok(18_800)),
        (vec![B], "18800", Ok(18_800)),
        (vec![B], "1", Err(PlaceRefusal::AmountDiffers)),
        (vec![B], "0.01", Err(PlaceRefusal::AmountDiffers)),
        (vec![B], "1580000000", Err(PlaceRefusal::AmountDiffers)),
        // The price of another item.
        (vec![B], "158", Err(PlaceRefusal::AmountDiffers)),
        // The sum of other items, and the price of one of several.
        (vec![B, C], "346", Err(PlaceRefusal::AmountDiffers)),
        (vec![B, C], "188", Err(PlaceRefusal::AmountDiffers)),
        (vec![B, C], "446", Ok(44_600)),
    ] {
        let mut world = World::of("2026-09-01", Selection::Multi, UpgradePricing::Difference);
        let claimed = Some(ClaimedAmount::parse(amount).unwrap());
        let command = PlacePurchase { claimed, ..world.command(PurchaseKind::New, &ids) };
        let planned = world.plan(&command).map(|plan| plan.into_parts().0.amount.fen());
        assert_eq!(planned, expected, "{ids:?} {amount}");
    }
}

#[test]
fn a_purchase_copies_everything_it_promises() {
    let mut world = World::of("2026-09-01", Selection::Multi, UpgradePricing::Difference);
    let command = world.command(PurchaseKind::New, &[B, A]);
    let PlacePlan::Place { purchase, attempt } = world.plan(&command).unwrap() else { panic!("it is the first") };
    let ids: Vec<_> = purchase.records.iter().map(|record| record.id.as_str().to_owned()).collect();
    assert_eq!(ids, [format!("{}01", command.purchase_no), format!("{}02", command.purchase_no)]);
    assert_eq!(purchase.record_ids(), ids.join(","));
    assert_eq!(purchase.item_names(), "套餐 2,套餐 1");
    assert_eq!((purchase.buyer, purchase.user_id), (user_id(1), user_id(10_129_580)));
    assert_eq!((purchase.holder.name.as_str(), purchase.holder.mobile.as_str()), ("陈雅诺", "13800000000"));
    assert_eq!(purchase.holder.card_no.as_ref().map(CardNo::as_str), Some("335731330"));
    assert_eq!((attempt.gateway_order_no.as_str(), attempt.amount.fen()), (command.purchase_no.as_str(), 34_600));
    assert_eq!(attempt.user_id, purchase.user_id);
}

#[test]
fn the_same_purchase_again_is_the_one_that_waits() {
    let mut world = World::of("2026-09-01", Selection::Multi, UpgradePricing::Difference);
    let first = world.place(PurchaseKind::New, &[A, B]).unwrap();
    // In another order, by another guardian, an hour later, through another channel.
    let mut command = PlacePurchase { buyer: user_id(2), ..world.command(PurchaseKind::New, &[B, A]) };
    command.charge.at += TimeDelta::hours(1);
    let PlacePlan::Wait { purchase, charge } = world.plan(&command).unwrap() else { panic!("it waits already") };
    assert_eq!(purchase, first);
    assert!(matches!(charge, OpenChargePlan::AskAgain(_)));
    command.charge.channel = Channel::Alipay;
    let PlacePlan::Wait { charge: OpenChargePlan::Open(attempt), .. } = world.plan(&command).unwrap() else {
        panic!("another channel needs another attempt")
    };
    assert_eq!(attempt.gateway_order_no, command.charge.candidate);
}

#[test]
fn a_purchase_of_which_anything_changed_is_another_one() {
    let changes: [fn(&mut World); 7] = [
        |world| world.package(A).list_price = Money::from_fen_u32(15_801),
        |world| world.package(A).name = "another name".to_owned(),
        |world| world.package(A).term = Term::try_new(6).unwrap(),
        |world| world.view.projects[0].name = "another name".to_owned(),
        |world| world.view.student.texts.mobile = "13900000000".to_owned(),
        |world| world.view.student.cards[0].card_no = CardNo::parse("335731331").unwrap(),
        // Its time ran out.
        |world| world.today = day("2026-10-31"),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mut world = World::new("2026-09-01");
        let first = world.place(PurchaseKind::New, &[A]).unwrap();
        change(&mut world);
        let second = world.place(PurchaseKind::New, &[A]).unwrap();
        assert_ne!(second.purchase_no, first.purchase_no, "{index}");
        assert_eq!(world.unpaid[0].purchase, first, "what was made before is not touched");
    }
    let mut world = World::new("2026-09-01");
    let first = world.place(PurchaseKind::New, &[A]).unwrap();
    assert_ne!(world.place(PurchaseKind::New, &[B]).unwrap().purchase_no, first.purchase_no);
    assert_eq!(world.place(PurchaseKind::New, &[A]).unwrap(), first);
}

#[test]
fn an_upgrade_or_renewal_on_another_basis_is_another_purchase() {
    let mut world = World::new("2026-09-01");
    world.buy(PurchaseKind::New, &[A]).unwrap();
    let renewal = world.place(PurchaseKind::Renewal, &[A]).unwrap();
    assert_eq!(world.place(PurchaseKind::Renewal, &[A]).unwrap(), renewal);
    world.pay(&renewal);
    assert_ne!(world.place(PurchaseKind::Renewal, &[A]).unwrap().purchase_no, renewal.purchase_no);
}
