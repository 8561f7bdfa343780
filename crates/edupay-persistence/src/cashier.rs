//! Links to a cashier page, by the digests of their tokens.

use crate::codes::{Corrupt, coded, moment, name, user_id};
use crate::conn::on;
use crate::database::SqlStore;
use crate::schema::cashier_links;
use async_trait::async_trait;
use diesel::prelude::*;
use edupay_domain::accounts::TokenDigest;
use edupay_domain::cashier::{CashierLink, CashierLinkStore, CashierTarget};
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::OrderNo;
use edupay_domain::packages::ProjectKind;
use edupay_domain::store::StoreError;

#[derive(Queryable, Insertable)]
#[diesel(table_name = cashier_links)]
#[diesel(treat_none_as_default_value = false)]
struct LinkRow {
    token_digest: Vec<u8>,
    target: String,
    user_id: i64,
    order_no: Option<String>,
    kind: Option<String>,
    created_by: i64,
    created_at: i64,
    expires_at: i64,
}

impl LinkRow {
    fn of(link: &CashierLink) -> Self {
        let (target, user_id, order_no, kind) = match &link.target {
            CashierTarget::Order { user_id, order_no } => ("order", user_id, Some(order_no.as_str()), None),
            CashierTarget::Packages { user_id, kind } => ("packages", user_id, None, Some(kind.code())),
        };
        Self {
            token_digest: link.digest.0.to_vec(),
            target: target.to_owned(),
            user_id: user_id.get(),
            order_no: order_no.map(str::to_owned),
            kind: kind.map(str::to_owned),
            created_by: link.created_by.get(),
            created_at: link.created_at.timestamp_micros(),
            expires_at: link.expires_at.timestamp_micros(),
        }
    }

    fn link(self, digest: TokenDigest) -> Result<CashierLink, Corrupt> {
        let user = user_id(self.user_id)?;
        let target = match (self.target.as_str(), &self.order_no, &self.kind) {
            ("order", Some(number), None) => CashierTarget::Order {
                user_id: user,
                order_no: name("cashier_links.order_no", number, OrderNo::parse)?,
            },
            ("packages", None, Some(kind)) => CashierTarget::Packages {
                user_id: user,
                kind: coded("cashier_links.kind", kind, &ProjectKind::ALL, ProjectKind::code)?,
            },
            (other, ..) => return Err(Corrupt::new("cashier_links.target", other)),
        };
        Ok(CashierLink {
            digest,
            target,
            created_by: user_id(self.created_by)?,
            created_at: moment("cashier_links.created_at", self.created_at)?,
            expires_at: moment("cashier_links.expires_at", self.expires_at)?,
        })
    }
}

#[async_trait]
impl CashierLinkStore for SqlStore {
    async fn create(&self, link: &CashierLink) -> Result<(), StoreError> {
        let row = LinkRow::of(link);
        self.write(move |conn| {
            on!(conn, c => diesel::insert_into(cashier_links::table).values(&row).execute(c))?;
            Ok(())
        })
        .await
    }

    async fn find(&self, digest: TokenDigest) -> Result<Option<CashierLink>, StoreError> {
        self.read(move |conn| {
            let query = cashier_links::table.find(digest.0.to_vec());
            let row: Option<LinkRow> = on!(conn, c => query.first(c)).optional()?;
            Ok(row.map(|row| row.link(digest)).transpose()?)
        })
        .await
    }

    async fn remove_expired(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.write(move |conn| {
            let oldest = cashier_links::table
                .filter(cashier_links::expires_at.lt(before.timestamp_micros()))
                .order(cashier_links::expires_at.asc())
                .limit(i64::from(limit))
                .select(cashier_links::token_digest);
            let digests: Vec<Vec<u8>> = on!(conn, c => oldest.load(c))?;
            let mut removed = 0_usize;
            for digests in digests.chunks(LOT) {
                let delete = diesel::delete(cashier_links::table.filter(cashier_links::token_digest.eq_any(digests)));
                removed = removed.saturating_add(on!(conn, c => delete.execute(c))?);
            }
            Ok(u32::try_from(removed).unwrap_or(u32::MAX))
        })
        .await
    }
}

/// How many links one statement removes at most.
const LOT: usize = 500;
