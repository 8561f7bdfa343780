//! The bodies, queries and cursors of this folder, for `crate::fuzzing`.

use super::{
    courses, deliveries, guardians, orders, packages, page, products, projects, purchases, reconciliations, refunds,
    review, schools, students, top_ups, users, webhook_endpoints,
};
use crate::fuzzing::each::EachBody;

/// Does it with each.
pub(crate) fn each_body(each: &mut impl EachBody) {
    each.body::<courses::CourseBody>();
    each.body::<deliveries::DeliveriesQuery>();
    each.body::<guardians::CardBody>();
    each.body::<orders::NewOrderBody>();
    each.body::<packages::PackageBody>();
    each.body::<packages::PackagesQuery>();
    each.body::<page::PageQuery>();
    each.body::<products::PriceBody>();
    each.body::<projects::ProjectBody>();
    each.body::<purchases::PurchasesQuery>();
    each.body::<reconciliations::DaysBody>();
    each.body::<refunds::WantedBody>();
    each.body::<refunds::RefundsQuery>();
    each.body::<review::ReasonBody>();
    each.body::<review::ReviewQuery>();
    each.body::<schools::SchoolBody>();
    each.body::<students::StudentBody>();
    each.body::<students::StudentsQuery>();
    each.body::<top_ups::TopUpBody>();
    each.body::<users::NewUserBody>();
    each.body::<webhook_endpoints::EndpointBody>();
    each.body::<webhook_endpoints::RotateBody>();
    each.body::<webhook_endpoints::ResendBody>();
}

/// A cursor that is read and written is read again as the same.
pub(crate) fn cursors(text: &str) {
    if let Some(cursor) = deliveries::parse_cursor(text) {
        let written = format!("{}.{}", cursor.queued_at.timestamp_micros(), cursor.event_id);
        assert_eq!(deliveries::parse_cursor(&written), Some(cursor));
    }
    if let Some(cursor) = refunds::parse_cursor(text) {
        let written = format!("{}.{}.{}", cursor.requested_at.timestamp_micros(), cursor.user_id, cursor.refund_no);
        assert_eq!(refunds::parse_cursor(&written), Some(cursor));
    }
    if let Some(cursor) = review::parse_cursor(text) {
        let written = format!("{}.{}", cursor.listed_at.timestamp_micros(), cursor.id);
        assert_eq!(review::parse_cursor(&written), Some(cursor));
    }
}
