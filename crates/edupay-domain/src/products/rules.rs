//! What a product and a course must be.

use super::error::{CourseRefusal, ProductRefusal};
use super::model::{Course, NewCourse, NewProduct};
use crate::money::Money;

/// A product's price is above zero and within the limit.
///
/// # Errors
/// [`ProductRefusal::PriceOutOfBounds`].
pub fn check_product(product: &NewProduct, limit: Money) -> Result<(), ProductRefusal> {
    check_price(product.price, limit)
}

/// Any price of a product is above zero and within the limit.
///
/// # Errors
/// [`ProductRefusal::PriceOutOfBounds`].
pub fn check_price(price: Money, limit: Money) -> Result<(), ProductRefusal> {
    price.positive_within(limit).map(|_| ()).map_err(|_| ProductRefusal::PriceOutOfBounds)
}

/// A course's price is above zero and within the limit; its name is readable text without a comma,
/// since the wire joins names by commas.
///
/// # Errors
/// [`CourseRefusal::PriceOutOfBounds`] and [`CourseRefusal::BadName`].
pub fn check_course(course: &NewCourse, limit: Money) -> Result<(), CourseRefusal> {
    course.price.positive_within(limit).map_err(|_| CourseRefusal::PriceOutOfBounds)?;
    let length = course.name.chars().count();
    let readable = !course.name.chars().any(|character| character.is_control() || character == ',');
    if readable && (1..=Course::MAX_NAME).contains(&length) && course.name.trim() == course.name {
        Ok(())
    } else {
        Err(CourseRefusal::BadName)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::ids::ProductId;

    #[test]
    fn a_products_price_is_above_zero_and_within_the_limit() {
        let limit = Money::from_fen_u32(1_000);
        let outside = Err(ProductRefusal::PriceOutOfBounds);
        for (fen, expected) in [(0, outside), (1, Ok(())), (1_000, Ok(())), (1_001, outside)] {
            let price = Money::from_fen_u32(fen);
            let product_id = ProductId::parse("com.example.coins6").unwrap();
            let product = NewProduct { product_id, price, at: Timestamp::default() };
            assert_eq!((check_product(&product, limit), check_price(price, limit)), (expected, expected), "{fen}");
        }
    }

    #[test]
    fn a_course_has_a_readable_name_and_a_price_within_the_limit() {
        let limit = Money::from_fen_u32(1_000);
        for (name, fen, expected) in [
            ("collection的使用", 990, Ok(())),
            ("", 990, Err(CourseRefusal::BadName)),
            (" a", 990, Err(CourseRefusal::BadName)),
            ("a,b", 990, Err(CourseRefusal::BadName)),
            ("a\u{7}", 990, Err(CourseRefusal::BadName)),
            ("a", 0, Err(CourseRefusal::PriceOutOfBounds)),
            ("a", 1_001, Err(CourseRefusal::PriceOutOfBounds)),
            ("a", 1_000, Ok(())),
        ] {
            let course = NewCourse { name: name.to_owned(), price: Money::from_fen_u32(fen), at: Timestamp::default() };
            assert_eq!(check_course(&course, limit), expected, "{name:?} {fen}");
        }
    }
}
