//! Claims about App Store products and courses.

use super::case::refusal_of;
use super::{Case, StoreHarness};
use crate::fixtures::fen;
use edupay_domain::ids::CourseId;
use edupay_domain::products::{
    Course, CourseRefusal, CourseStatus, NewProduct, Product, ProductRefusal, SetProductPrice,
};
use edupay_domain::store::EffectError;
use futures_util::future::join_all;

/// A product is found by its id as created, and stands in the list by pk.
pub async fn a_product_is_found_and_listed_by_pk<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let mut created = Vec::new();
    for price in [600, 650] {
        let product = NewProduct { product_id: case.product_id(), price: fen(price), at: case.start() };
        let stored = harness.products().create_product(&product).await.unwrap();
        assert_eq!(
            (&stored.product_id, stored.price, stored.created_at),
            (&product.product_id, product.price, product.at)
        );
        assert_eq!(harness.products().find_product(&product.product_id).await.unwrap().as_ref(), Some(&stored));
        created.push(stored);
    }
    let all = harness.products().list_products().await.unwrap();
    assert!(all.iter().zip(all.iter().skip(1)).all(|(left, right)| left.pk < right.pk));
    let listed: Vec<_> = all.into_iter().filter(|product| created.contains(product)).collect();
    assert_eq!(listed, created);
    assert!(harness.products().find_product(&case.product_id()).await.unwrap().is_none());
}

/// A second product of the same id is refused, and the first keeps its price.
pub async fn a_taken_product_id_is_refused<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let product = NewProduct { product_id: case.product_id(), price: fen(600), at: case.start() };
    let first = harness.products().create_product(&product).await.unwrap();
    let again = harness.products().create_product(&NewProduct { price: fen(1), ..product.clone() }).await;
    assert!(matches!(again, Err(EffectError::Refused(ProductRefusal::IdTaken))), "{again:?}");
    assert_eq!(harness.products().find_product(&product.product_id).await.unwrap(), Some(first));
}

/// Of sixteen who add one product id at once, one does and the others are refused.
pub async fn a_product_id_raced_for_is_given_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let product = NewProduct { product_id: case.product_id(), price: fen(600), at: case.start() };
    let one = || {
        let (products, product) = (harness.products(), product.clone());
        tokio::spawn(async move { products.create_product(&product).await })
    };
    let answers = join_all((0..16).map(|_| one())).await;
    let taken = |answer: &&_| matches!(answer, Ok(Err(EffectError::Refused(ProductRefusal::IdTaken))));
    assert_eq!(answers.iter().filter(taken).count(), 15, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Ok(Ok(_)))).count(), 1, "{answers:?}");
}

/// A course is listed by id as created, and its status changes as often as staff likes.
pub async fn a_course_is_withdrawn_and_offered_again<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (one, two) = (case.course(9_900).await, case.course(6_600).await);
    assert_eq!((one.status, one.price, one.created_at), (CourseStatus::Offered, fen(9_900), case.start()));
    for status in [CourseStatus::Withdrawn, CourseStatus::Withdrawn, CourseStatus::Offered] {
        let expected = Course { status, ..one.clone() };
        assert_eq!(harness.courses().set_course_status(one.id, status).await.unwrap(), expected);
        let all = harness.courses().list_courses().await.unwrap();
        assert!(all.iter().zip(all.iter().skip(1)).all(|(left, right)| left.id < right.id));
        let listed: Vec<_> = all.into_iter().filter(|course| course.id == one.id || course.id == two.id).collect();
        assert_eq!(listed, [expected, two.clone()]);
    }
}

/// A course that is not there has no status.
pub async fn an_unknown_course_is_not_found<H: StoreHarness + ?Sized>(harness: &H) {
    let far = CourseId::try_new(i64::MAX).unwrap();
    let refused = harness.courses().set_course_status(far, CourseStatus::Offered).await;
    assert!(matches!(refused, Err(EffectError::Refused(CourseRefusal::NotFound))), "{refused:?}");
}

/// The price of now is the product's; the prices before it are known by their time.
pub async fn a_product_keeps_the_prices_it_had<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let product = case.product(600).await;
    let products = harness.products();
    for (minute, price) in [(10, 700), (20, 700), (30, 600)] {
        let (product_id, at) = (product.product_id.clone(), case.minute(minute));
        let changed = products.set_price(&SetProductPrice { product_id, price: fen(price), at }).await.unwrap();
        assert_eq!(changed, Product { price: fen(price), ..product.clone() });
        assert_eq!(products.find_product(&product.product_id).await.unwrap(), Some(changed));
    }
    for (minute, price) in [(-1, 600), (0, 600), (9, 600), (10, 700), (29, 700), (30, 600), (99, 600)] {
        let then = products.find_price(&product.product_id, case.minute(minute)).await.unwrap();
        assert_eq!(then, Some(fen(price)), "minute {minute}");
    }
}

/// What is not there has no price and gets none.
pub async fn an_unknown_product_has_no_price<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let command = SetProductPrice { product_id: case.product_id(), price: fen(600), at: case.start() };
    let refused = harness.products().set_price(&command).await;
    assert_eq!(refusal_of(refused), ProductRefusal::NotFound);
    assert_eq!(harness.products().find_price(&command.product_id, case.start()).await.unwrap(), None);
}
