//! What an upgrade costs.

use super::*;

#[test]
fn a_second_upgrade_in_one_term_is_priced_from_the_package_that_is_held() {
    let mut world = World::new("2026-09-01");
    assert_eq!(world.buy(PurchaseKind::New, &[A]).unwrap().0, 15_800);
    world.today = day("2026-10-01");
    assert_eq!(world.buy(PurchaseKind::Upgrade, &[B]).unwrap().0, 3_000);
    world.today = day("2026-11-01");
    // From 188.00, not from the 30.00 that was paid last; and in all as much as C costs.
    assert_eq!(world.buy(PurchaseKind::Upgrade, &[C]), Ok((7_000, vec!["2026-11-01..2027-08-31".to_owned()])));
    assert_eq!(world.view.periods.iter().filter(|held| held.superseded.is_none()).count(), 1);
}

#[test]
fn an_upgrade_counts_both_list_prices_as_they_are_today() {
    for (held_today, target_today, expected) in [
        (15_800, 18_800, Ok(3_000)),
        (17_000, 20_000, Ok(3_000)),
        (10_000, 18_800, Ok(8_800)),
        (18_799, 18_800, Ok(1)),
        (18_800, 18_800, Err(PlaceRefusal::NotDearer)),
        (20_000, 18_800, Err(PlaceRefusal::NotDearer)),
    ] {
        let mut world = World::new("2026-09-01");
        world.buy(PurchaseKind::New, &[A]).unwrap();
        world.package(A).list_price = Money::from_fen_u32(held_today);
        world.package(B).list_price = Money::from_fen_u32(target_today);
        // Also when the held one is sold no more.
        world.package(A).availability = Availability::Withdrawn { since: morning(world.today) };
        let asked = world.buy(PurchaseKind::Upgrade, &[B]).map(|(fen, _)| fen);
        assert_eq!(asked, expected, "{held_today} {target_today}");
    }
}

#[test]
fn a_held_package_that_the_catalogue_forgot_counts_as_it_was_bought() {
    let mut world = World::new("2026-09-01");
    world.buy(PurchaseKind::New, &[A]).unwrap();
    world.view.packages.retain(|package| package.id != package_id(A));
    assert_eq!(world.buy(PurchaseKind::Upgrade, &[B]).unwrap().0, 3_000);
}

#[test]
fn a_prorated_upgrade_asks_for_the_days_that_are_left() {
    // 2026-09-01..2027-08-31: 365 days; the difference is 30.00.
    for (today, expected) in [
        ("2026-09-01", 3_000),
        ("2026-09-02", 2_992), // 3000 * 364 / 365 = 2991.78
        ("2027-03-02", 1_504), // 183 left: 1504.11
        ("2027-03-03", 1_496), // 182 left: 1495.89
        ("2027-08-30", 16),    // 2 left: 16.44
        ("2027-08-31", 8),     // 1 left: 8.22
    ] {
        let mut world = World::of("2026-09-01", Selection::Single, UpgradePricing::Prorated);
        world.buy(PurchaseKind::New, &[A]).unwrap();
        world.today = day(today);
        let expected = (expected, vec![format!("{today}..2027-08-31")]);
        assert_eq!(world.buy(PurchaseKind::Upgrade, &[B]), Ok(expected));
    }
}

#[test]
fn a_prorated_price_is_rounded_half_up_and_at_least_one_fen() {
    // A term of 28 days, of which 14 are left.
    for (difference, today, expected) in [
        (1, "2026-02-15", 1),  // 0.5
        (2, "2026-02-15", 1),  // 1.0
        (3, "2026-02-15", 2),  // 1.5
        (5, "2026-02-15", 3),  // 2.5
        (1, "2026-02-16", 1),  // 0.46, but never nothing
        (1, "2026-02-28", 1),  // 0.04
        (3, "2026-02-16", 1),  // 1.39
        (28, "2026-02-28", 1), // 1.0
    ] {
        let mut world = World::of("2026-02-01", Selection::Single, UpgradePricing::Prorated);
        world.package(A).term = Term::try_new(1).unwrap();
        world.package(B).list_price = Money::from_fen_u32(15_800 + difference);
        world.buy(PurchaseKind::New, &[A]).unwrap();
        world.today = day(today);
        assert_eq!(world.buy(PurchaseKind::Upgrade, &[B]).unwrap().0, expected, "{difference} on {today}");
    }
}

#[test]
fn a_second_prorated_upgrade_counts_the_days_of_the_whole_term() {
    let mut world = World::of("2026-09-01", Selection::Single, UpgradePricing::Prorated);
    world.buy(PurchaseKind::New, &[A]).unwrap();
    world.today = day("2027-03-01");
    assert_eq!(world.buy(PurchaseKind::Upgrade, &[B]).unwrap().0, 1_512); // 3000 * 184 / 365 = 1512.33
    world.today = day("2027-08-31");
    assert_eq!(world.buy(PurchaseKind::Upgrade, &[C]).unwrap().0, 19); // 7000 * 1 / 365 = 19.18, not 7000 / 184
}

#[test]
fn the_largest_prices_are_prorated_without_overflow() {
    let mut world = World::of("2026-09-01", Selection::Single, UpgradePricing::Prorated);
    world.package(A).term = Term::try_new(120).unwrap();
    world.package(A).list_price = Money::from_fen_u32(1);
    world.package(B).list_price = Money::MAX;
    world.buy(PurchaseKind::New, &[A]).unwrap();
    assert_eq!(world.buy(PurchaseKind::Upgrade, &[B]).unwrap().0, i64::MAX - 1);
}

#[test]
fn a_sum_that_does_not_fit_is_refused() {
    let mut world = World::of("2026-09-01", Selection::Multi, UpgradePricing::Difference);
    world.package(A).list_price = Money::MAX;
    assert_eq!(world.place(PurchaseKind::New, &[A, B]), Err(PlaceRefusal::TooLarge));
}
