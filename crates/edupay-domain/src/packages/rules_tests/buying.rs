//! New, upgrade and renewal of one package: which days they give, and when they are refused.

use super::*;

#[test]
fn a_new_package_starts_today_and_runs_its_term() {
    let mut world = World::new("2026-09-01");
    assert_eq!(world.buy(PurchaseKind::New, &[A]), Ok((15_800, vec!["2026-09-01..2027-08-31".to_owned()])));
}

#[test]
fn nothing_is_bought_beside_what_is_held_or_paid_for() {
    let mut world = World::new("2026-09-01");
    world.buy(PurchaseKind::New, &[A]).unwrap();
    for (today, id, expected) in [
        ("2026-09-01", A, Err(PlaceRefusal::HeldAlready)),
        ("2026-09-01", B, Err(PlaceRefusal::HeldAlready)),
        ("2027-08-31", B, Err(PlaceRefusal::HeldAlready)),
        ("2027-09-01", B, Ok(())),
        // Another project is another matter.
        ("2026-09-01", OTHER, Ok(())),
    ] {
        world.today = day(today);
        let command = world.command(PurchaseKind::New, &[id]);
        assert_eq!(world.plan(&command).map(|_| ()), expected, "{today} {id}");
    }
    // A renewal that is paid for stands in the way although nothing is held on the day.
    world.today = day("2027-08-31");
    world.buy(PurchaseKind::Renewal, &[A]).unwrap();
    world.view.periods.retain(|held| held.period.starts == day("2027-09-01"));
    let command = world.command(PurchaseKind::New, &[A]);
    assert_eq!(world.plan(&command), Err(PlaceRefusal::HeldAlready));
}

#[test]
fn a_new_package_beside_several_is_refused_as_well() {
    let mut world = World::of("2026-09-01", Selection::Multi, UpgradePricing::Difference);
    let year = "2026-09-01..2027-08-31".to_owned();
    assert_eq!(world.buy(PurchaseKind::New, &[B, A]), Ok((34_600, vec![year.clone(), year])));
    assert_eq!(world.place(PurchaseKind::New, &[C]), Err(PlaceRefusal::HeldAlready));
}

#[test]
fn a_renewal_starts_on_the_day_after_or_today() {
    for (today, expected) in [
        ("2026-09-01", "2027-09-01..2028-08-31"),
        ("2027-08-31", "2027-09-01..2028-08-31"),
        ("2027-09-01", "2027-09-01..2028-08-31"),
        // Once it has expired no day is counted that was not held.
        ("2027-09-02", "2027-09-02..2028-09-01"),
        ("2031-02-28", "2031-02-28..2032-02-27"),
    ] {
        let mut world = World::new("2026-09-01");
        world.buy(PurchaseKind::New, &[A]).unwrap();
        world.today = day(today);
        assert_eq!(world.buy(PurchaseKind::Renewal, &[A]), Ok((15_800, vec![expected.to_owned()])), "{today}");
    }
}

#[test]
fn renewals_follow_each_other() {
    let mut world = World::new("2028-02-29");
    world.buy(PurchaseKind::New, &[A]).unwrap();
    assert_eq!(world.buy(PurchaseKind::Renewal, &[A]).unwrap().1, ["2029-02-28..2030-02-27"]);
    assert_eq!(world.buy(PurchaseKind::Renewal, &[A]).unwrap().1, ["2030-02-28..2031-02-27"]);
}

#[test]
fn only_what_is_held_or_was_last_held_is_renewed() {
    let mut world = World::new("2026-09-01");
    assert_eq!(world.place(PurchaseKind::Renewal, &[A]), Err(PlaceRefusal::NeverHeld));
    world.buy(PurchaseKind::New, &[A]).unwrap();
    assert_eq!(world.place(PurchaseKind::Renewal, &[B]), Err(PlaceRefusal::NeverHeld));
    world.buy(PurchaseKind::Upgrade, &[B]).unwrap();
    // A was replaced.
    assert_eq!(world.place(PurchaseKind::Renewal, &[A]), Err(PlaceRefusal::NeverHeld));
    world.today = day("2028-01-01");
    assert_eq!(world.place(PurchaseKind::Renewal, &[A]), Err(PlaceRefusal::NeverHeld));
    assert!(world.place(PurchaseKind::Renewal, &[B]).is_ok());
    world.buy(PurchaseKind::New, &[A]).unwrap();
    world.today = day("2030-01-01");
    assert_eq!(world.place(PurchaseKind::Renewal, &[B]), Err(PlaceRefusal::NeverHeld));
    assert!(world.place(PurchaseKind::Renewal, &[A]).is_ok());
}

#[test]
fn an_upgrade_touches_the_term_of_today_only() {
    let mut world = World::new("2026-09-01");
    world.buy(PurchaseKind::New, &[A]).unwrap();
    world.buy(PurchaseKind::Renewal, &[A]).unwrap();
    world.today = day("2027-03-01");
    assert_eq!(world.buy(PurchaseKind::Upgrade, &[B]).unwrap().1, ["2027-03-01..2027-08-31"]);
    // Both the one that is held and the one that comes are renewed after the last day.
    assert_eq!(world.clone().buy(PurchaseKind::Renewal, &[A]).unwrap().1, ["2028-09-01..2029-08-31"]);
    assert_eq!(world.clone().buy(PurchaseKind::Renewal, &[B]).unwrap().1, ["2028-09-01..2029-08-31"]);
    // In the next term it is A that is held.
    world.today = day("2027-09-01");
    assert_eq!(world.buy(PurchaseKind::Upgrade, &[C]), Ok((10_000, vec!["2027-09-01..2028-08-31".to_owned()])));
}

#[test]
fn an_upgrade_on_the_first_and_on_the_last_day_ends_with_the_term() {
    for today in ["2026-09-01", "2027-08-31"] {
        let mut world = World::new("2026-09-01");
        world.buy(PurchaseKind::New, &[A]).unwrap();
        world.today = day(today);
        let expected = format!("{today}..2027-08-31");
        assert_eq!(world.buy(PurchaseKind::Upgrade, &[B]), Ok((3_000, vec![expected])));
        let replaced = &world.view.periods[0];
        assert_eq!(
            replaced.superseded,
            Some(Supersession { by: world.view.periods[1].record_id.clone(), on: day(today), until: None })
        );
        assert_eq!(days(replaced.period), "2026-09-01..2027-08-31");
    }
}

#[test]
fn an_upgrade_needs_something_cheaper_that_is_held_today() {
    let mut world = World::new("2026-09-01");
    assert_eq!(world.place(PurchaseKind::Upgrade, &[B]), Err(PlaceRefusal::NothingToUpgrade));
    world.buy(PurchaseKind::New, &[B]).unwrap();
    for (id, expected) in [(A, PlaceRefusal::NotDearer), (B, PlaceRefusal::NotDearer)] {
        assert_eq!(world.place(PurchaseKind::Upgrade, &[id]), Err(expected));
    }
    world.package(C).list_price = Money::from_fen_u32(18_800);
    assert_eq!(world.place(PurchaseKind::Upgrade, &[C]), Err(PlaceRefusal::NotDearer));
    world.today = day("2027-09-01");
    world.package(C).list_price = Money::from_fen_u32(18_801);
    assert_eq!(world.place(PurchaseKind::Upgrade, &[C]), Err(PlaceRefusal::NothingToUpgrade));
}

#[test]
fn of_several_the_dearest_below_the_target_is_replaced() {
    let mut world = World::of("2026-09-01", Selection::Multi, UpgradePricing::Difference);
    world.package(A).term = Term::try_new(24).unwrap();
    world.buy(PurchaseKind::New, &[A, B]).unwrap();
    // B is nearer to C than A.
    assert_eq!(world.buy(PurchaseKind::Upgrade, &[C]), Ok((7_000, vec!["2026-09-01..2027-08-31".to_owned()])));
    // Each package follows its own last day; B was replaced and is held no more.
    assert_eq!(world.place(PurchaseKind::Renewal, &[B]), Err(PlaceRefusal::NeverHeld));
    let purchase = world.buy(PurchaseKind::Renewal, &[C, A]).unwrap();
    assert_eq!(purchase, (41_600, vec!["2027-09-01..2028-08-31".to_owned(), "2028-09-01..2030-08-31".to_owned()]));
    // And nothing is upgraded to what is held beside it.
    world.package(A).list_price = Money::from_fen_u32(1);
    world.package(B).list_price = Money::from_fen_u32(2);
    assert_eq!(world.place(PurchaseKind::Upgrade, &[C]), Err(PlaceRefusal::HeldAlready));
    assert!(world.place(PurchaseKind::Upgrade, &[B]).is_ok());
}

#[test]
fn of_two_as_dear_the_one_that_ends_later_is_replaced() {
    let mut world = World::of("2026-09-01", Selection::Multi, UpgradePricing::Difference);
    world.package(B).list_price = Money::from_fen_u32(15_800);
    world.package(B).term = Term::try_new(6).unwrap();
    world.buy(PurchaseKind::New, &[B, A]).unwrap();
    assert_eq!(world.buy(PurchaseKind::Upgrade, &[C]), Ok((10_000, vec!["2026-09-01..2027-08-31".to_owned()])));
}

#[test]
fn a_search_shows_the_first_project_that_has_something() {
    let at = |world: &World| morning(world.today);
    let ids = |sheet: &QuoteSheet| sheet.quotes.iter().map(|quote| quote.package.id.get()).collect::<Vec<_>>();
    let mut world = World::new("2026-09-01");
    let sheet = search(&world.view, SearchKind::Buying, at(&world)).unwrap();
    assert_eq!((sheet.project.id.get(), ids(&sheet)), (1, vec![A, B, C]));
    assert_eq!(search(&world.view, SearchKind::Upgrade, at(&world)), Err(SearchRefusal::NothingToUpgrade));
    // Lists follow the rank, and withdrawn packages are not in them.
    world.package(A).rank = 100;
    world.package(B).availability = Availability::Withdrawn { since: at(&world) };
    assert_eq!(ids(&search(&world.view, SearchKind::Buying, at(&world)).unwrap()), [C, A]);
    world.package(C).availability = Availability::Withdrawn { since: at(&world) };
    world.package(A).availability = Availability::Withdrawn { since: at(&world) };
    assert_eq!(search(&world.view, SearchKind::Buying, at(&world)).unwrap().project.id.get(), 2);
    world.view.projects[1].school_id = Some(school_id(2));
    assert_eq!(search(&world.view, SearchKind::Buying, at(&world)), Err(SearchRefusal::NothingOffered));
    world.view.projects[1].school_id = None;
    assert!(search(&world.view, SearchKind::Buying, at(&world)).is_ok());
    world.view.projects[1].availability = Availability::Withdrawn { since: at(&world) };
    assert_eq!(search(&world.view, SearchKind::Buying, at(&world)), Err(SearchRefusal::NothingOffered));
    assert_eq!(quotes(&world.view, at(&world)), Err(SearchRefusal::NothingOffered));
}

#[test]
fn a_search_shows_all_packages_for_buying_and_the_dearer_ones_for_an_upgrade() {
    let mut world = World::new("2026-09-01");
    world.buy(PurchaseKind::New, &[B]).unwrap();
    let at = morning(world.today);
    let buying = search(&world.view, SearchKind::Buying, at).unwrap();
    assert_eq!(buying.quotes.iter().map(|quote| quote.price.fen()).collect::<Vec<_>>(), [15_800, 18_800, 25_800]);
    let upgrade = search(&world.view, SearchKind::Upgrade, at).unwrap();
    let quoted: Vec<_> = upgrade.quotes.iter().map(|quote| (quote.package.id.get(), quote.price.fen())).collect();
    assert_eq!(quoted, [(C, 7_000)]);
    world.buy(PurchaseKind::Upgrade, &[C]).unwrap();
    assert_eq!(search(&world.view, SearchKind::Upgrade, at), Err(SearchRefusal::NothingToUpgrade));
}

/// What is quoted is what is asked and given, in every way and for every package.
#[test]
fn a_quote_is_kept_to_the_fen_and_the_day() {
    for selection in Selection::ALL {
        for pricing in UpgradePricing::ALL {
            let mut world = World::of("2026-09-01", selection, pricing);
            world.buy(PurchaseKind::New, &[A]).unwrap();
            for today in ["2026-09-01", "2027-02-28", "2027-08-31", "2027-09-01", "2028-02-29"] {
                world.today = day(today);
                let sheets = quotes(&world.view, morning(world.today)).unwrap();
                let quoted: Vec<_> = sheets.iter().flat_map(|sheet| &sheet.quotes).collect();
                for quote in &quoted {
                    let bought = world.clone().buy(quote.kind, &[quote.package.id.get()]);
                    assert_eq!(bought, Ok((quote.price.fen(), vec![days(quote.period)])), "{today} {quote:?}");
                }
                for kind in PurchaseKind::ALL {
                    for id in [A, B, C, OTHER] {
                        let is_quoted =
                            quoted.iter().any(|quote| quote.kind == kind && quote.package.id == package_id(id));
                        assert_eq!(world.clone().place(kind, &[id]).is_ok(), is_quoted, "{today} {kind:?} {id}");
                    }
                }
            }
        }
    }
}
