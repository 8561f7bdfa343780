//! Rows of students and packages.

use chrono::NaiveDate;
use edupay_domain::money::Money;
use edupay_domain::packages::{
    Availability, Card, Day, Package, PackageDraft, Student, StudentDraft, package_row, parse_package_row,
    parse_student_row, student_row,
};

/// A row that is taken has all that must be there, within the limits; written as a row it is read again as
/// the same; a row that is refused says why. The input is lines of `field=value`, in which `\n` stands for
/// the end of a line.
pub fn rows(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let lines = text.split('\n').filter_map(|line| line.split_once('='));
    let fields: Vec<(&str, String)> = lines.map(|(name, value)| (name, value.replace("\\n", "\n"))).collect();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    match parse_student_row(&fields) {
        Ok(draft) => student(&draft),
        Err(errors) => assert!(!errors.is_empty()),
    }
    for limit in [Money::from_fen_u32(1), Money::from_fen_u32(5_000_000), Money::MAX] {
        match parse_package_row(&fields, limit) {
            Ok(draft) => package(&draft, limit),
            Err(errors) => assert!(!errors.is_empty()),
        }
    }
}

fn student(draft: &StudentDraft) {
    assert!(!draft.texts.name.is_empty());
    let issued_on = Day::new(NaiveDate::default());
    let card = draft.card_no.clone().map(|card_no| Card { card_no, issued_on, replaced_on: None });
    let stored = Student {
        user_id: draft.user_id,
        school_id: draft.school_id,
        texts: draft.texts.clone(),
        cards: card.into_iter().collect(),
    };
    let written = student_row(&stored, &draft.guardians);
    let again: Vec<(&str, &str)> = written.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(parse_student_row(&again).as_ref(), Ok(draft));
}

fn package(draft: &PackageDraft, limit: Money) {
    assert!(!draft.name.is_empty() && !draft.list_price.is_zero() && draft.list_price <= limit);
    let Some(id) = draft.id else { return };
    let stored = Package {
        id,
        project_id: draft.project_id,
        name: draft.name.clone(),
        price_text: draft.price_text.clone(),
        list_price: draft.list_price,
        term: draft.term,
        rank: draft.rank,
        description: draft.description.clone(),
        details: draft.details.clone(),
        availability: Availability::Offered,
    };
    let written = package_row(&stored);
    let again: Vec<(&str, &str)> = written.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(parse_package_row(&again, limit).as_ref(), Ok(draft));
}
