//! Rows of a table with named fields, as staff keeps them in files. The format of the file is not here.

use crate::ids::{CardNo, PackageId, ProjectId, SchoolId, UserId};
use crate::money::Money;
use crate::packages::model::{
    Detail, Package, PackageDraft, RowError, RowFault, Student, StudentDraft, StudentTexts, Term,
};
use std::str::FromStr;

/// The fields of a student's row, in the order they are written. `user_id`, `school_id` and `name` must
/// be there; `guardians` are user ids with semicolons between them.
pub const STUDENT_FIELDS: [&str; 11] = [
    "user_id",
    "school_id",
    "name",
    "grade_name",
    "class_name",
    "mobile",
    "imei",
    "sim",
    "photo",
    "card_no",
    "guardians",
];

/// The fields of a package's row, in the order they are written. `details`, `rank`, `price_text`,
/// `description` and `id` may be missing; `list_price` is yuan; `details` are lines of
/// `icon|title|content`.
pub const PACKAGE_FIELDS: [&str; 9] =
    ["id", "project_id", "name", "price_text", "list_price", "term_months", "rank", "description", "details"];

/// Reads a student's row.
///
/// # Errors
/// Everything that is wrong with the row, a [`RowError`] each. What only a store knows, such as whether
/// there is such a school, is not among it.
pub fn parse_student_row(fields: &[(&str, &str)]) -> Result<StudentDraft, Vec<RowError>> {
    let mut row = Row::new(fields, &STUDENT_FIELDS);
    let user_id = row.number("user_id", UserId::choose);
    let school_id = row.number("school_id", SchoolId::try_new);
    let name = row.required("name");
    let card_no = row.optional("card_no", |text| CardNo::parse(text).map_err(|_| RowFault::BadText));
    let guardians = row.optional("guardians", |text| {
        let guardian = |part: &str| part.trim().parse().ok().and_then(|id| UserId::try_new(id).ok());
        text.split(';').map(guardian).collect::<Option<Vec<_>>>().ok_or(RowFault::BadNumber)
    });
    let texts = StudentTexts {
        name: name.unwrap_or_default().to_owned(),
        photo: row.text("photo"),
        grade_name: row.text("grade_name"),
        class_name: row.text("class_name"),
        mobile: row.text("mobile"),
        imei: row.text("imei"),
        sim: row.text("sim"),
    };
    match (user_id, school_id, row.errors) {
        (Some(user_id), Some(school_id), errors) if errors.is_empty() => {
            Ok(StudentDraft { user_id, school_id, texts, card_no, guardians: guardians.unwrap_or_default() })
        }
        (_, _, errors) => Err(errors),
    }
}

/// Reads a package's row. No price is above the limit.
///
/// # Errors
/// Everything that is wrong with the row, a [`RowError`] each.
pub fn parse_package_row(fields: &[(&str, &str)], max_price: Money) -> Result<PackageDraft, Vec<RowError>> {
    let mut row = Row::new(fields, &PACKAGE_FIELDS);
    let id = row.optional("id", |text| number(text, PackageId::choose));
    let project_id = row.number("project_id", ProjectId::try_new);
    let name = row.required("name").map(str::to_owned);
    let list_price = row.required("list_price").map(str::to_owned);
    let list_price = list_price.and_then(|text| {
        let price = Money::parse_amount(&text, max_price).map_err(|_| RowFault::BadAmount);
        row.checked("list_price", price)
    });
    let term = row.number("term_months", Term::try_new);
    let rank = row.optional("rank", |text| text.parse().map_err(|_| RowFault::BadNumber));
    let details = row.optional("details", |text| text.lines().map(detail).collect::<Result<Vec<_>, _>>());
    let (price_text, description) = (row.text("price_text"), row.text("description"));
    match (project_id, name, list_price, term, row.errors) {
        (Some(project_id), Some(name), Some(list_price), Some(term), errors) if errors.is_empty() => Ok(PackageDraft {
            id,
            project_id,
            name,
            price_text,
            list_price,
            term,
            rank: rank.unwrap_or_default(),
            description,
            details: details.unwrap_or_default(),
        }),
        (.., errors) => Err(errors),
    }
}

/// A student as a row that [`parse_student_row`] reads, guardians given.
#[must_use]
pub fn student_row(student: &Student, guardians: &[UserId]) -> Vec<(&'static str, String)> {
    let texts = &student.texts;
    let guardians = guardians.iter().map(UserId::to_string).collect::<Vec<_>>().join(";");
    let values = [
        student.user_id.to_string(),
        student.school_id.to_string(),
        texts.name.clone(),
        texts.grade_name.clone(),
        texts.class_name.clone(),
        texts.mobile.clone(),
        texts.imei.clone(),
        texts.sim.clone(),
        texts.photo.clone(),
        student.card().map(|card| card.card_no.to_string()).unwrap_or_default(),
        guardians,
    ];
    STUDENT_FIELDS.into_iter().zip(values).collect()
}

/// A package as a row that [`parse_package_row`] reads.
#[must_use]
pub fn package_row(package: &Package) -> Vec<(&'static str, String)> {
    let detail = |detail: &Detail| format!("{}|{}|{}", detail.icon, detail.title, detail.content);
    let values = [
        package.id.to_string(),
        package.project_id.to_string(),
        package.name.clone(),
        package.price_text.clone(),
        package.list_price.to_string(),
        package.term.months().to_string(),
        package.rank.to_string(),
        package.description.clone(),
        package.details.iter().map(detail).collect::<Vec<_>>().join("\n"),
    ];
    PACKAGE_FIELDS.into_iter().zip(values).collect()
}

fn detail(line: &str) -> Result<Detail, RowFault> {
    let mut parts = line.splitn(3, '|').map(|part| part.trim().to_owned());
    match (parts.next(), parts.next(), parts.next()) {
        (Some(icon), Some(title), Some(content)) => Ok(Detail { icon, title, content }),
        _ => Err(RowFault::BadText),
    }
}

fn number<N: FromStr, T, E>(text: &str, try_new: impl Fn(N) -> Result<T, E>) -> Result<T, RowFault> {
    let number = text.parse().map_err(|_| RowFault::BadNumber)?;
    try_new(number).map_err(|_| RowFault::BadNumber)
}

/// The fields of one row, and what was found wrong with it so far.
struct Row<'a> {
    fields: &'a [(&'a str, &'a str)],
    errors: Vec<RowError>,
}

impl<'a> Row<'a> {
    fn new(fields: &'a [(&'a str, &'a str)], known: &[&str]) -> Self {
        let mut row = Self { fields, errors: Vec::new() };
        for (index, (name, _)) in fields.iter().enumerate() {
            if !known.contains(name) {
                row.is_wrong(name, RowFault::Unknown);
            }
            if fields.iter().take(index).any(|(other, _)| other == name) {
                row.is_wrong(name, RowFault::Repeated);
            }
        }
        row
    }

    fn is_wrong(&mut self, field: &str, fault: RowFault) {
        self.errors.push(RowError { field: field.to_owned(), fault });
    }

    /// The field's text without the space around it; none when it is empty or not there.
    fn find(&self, field: &str) -> Option<&'a str> {
        let found = self.fields.iter().find(|(name, _)| *name == field);
        found.map(|(_, text)| text.trim()).filter(|text| !text.is_empty())
    }

    fn text(&self, field: &str) -> String {
        self.find(field).unwrap_or_default().to_owned()
    }

    fn required(&mut self, field: &str) -> Option<&'a str> {
        let found = self.find(field);
        if found.is_none() {
            self.is_wrong(field, RowFault::Missing);
        }
        found
    }

    fn checked<T>(&mut self, field: &str, result: Result<T, RowFault>) -> Option<T> {
        result.map_err(|fault| self.is_wrong(field, fault)).ok()
    }

    fn optional<T>(&mut self, field: &str, read: impl FnOnce(&str) -> Result<T, RowFault>) -> Option<T> {
        let text = self.find(field)?;
        self.checked(field, read(text))
    }

    fn number<N: FromStr, T, E>(&mut self, field: &str, try_new: impl Fn(N) -> Result<T, E>) -> Option<T> {
        let text = self.required(field)?;
        self.checked(field, number(text, try_new))
    }
}
