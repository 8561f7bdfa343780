//! What the settings mean: their values as the program uses them, and which are refused.

use super::model::Settings;
use crate::error::Failure;
use edupay_domain::event_delivery::AddressPolicy;
use edupay_domain::money::Money;
use edupay_domain::top_ups::{BonusTier, Campaign};
use edupay_http::WebPath;
use edupay_persistence::DatabaseUrl;

impl Settings {
    /// The database: the named one, or a SQLite file in the data directory.
    pub(crate) fn database(&self) -> Result<DatabaseUrl, Failure> {
        match self.database_url.reveal() {
            "" => Ok(DatabaseUrl::Sqlite(self.data_dir.join("edupay.db"))),
            url => url.parse().map_err(|error| Failure::setting("database_url", error)),
        }
    }

    /// The most that an amount may be.
    pub(crate) fn max_amount(&self) -> Result<Money, Failure> {
        Money::parse_amount(&self.limits.max_amount, Money::MAX)
            .map_err(|error| Failure::setting("limits.max_amount", error))
    }

    /// What is given to top-ups.
    pub(crate) fn campaign(&self) -> Result<Campaign, Failure> {
        const NAME: &str = "top_ups.bonus";
        let limit = self.max_amount()?;
        let amount = |text: &str| Money::parse_amount(text, limit).map_err(|error| Failure::setting(NAME, error));
        let tiers = self.top_ups.bonus.iter();
        let tiers = tiers.map(|tier| Ok(BonusTier { from: amount(&tier.from)?, bonus: amount(&tier.bonus)? }));
        Campaign::try_new(tiers.collect::<Result<_, Failure>>()?).map_err(|error| Failure::setting(NAME, error))
    }

    /// Above which amount a second member of staff must approve a refund.
    pub(crate) fn refund_approval_above(&self) -> Result<Option<Money>, Failure> {
        match self.refunds.approval_above.as_str() {
            "" => Ok(None),
            text => {
                Money::parse_yuan(text).map(Some).map_err(|error| Failure::setting("refunds.approval_above", error))
            }
        }
    }

    /// Where the campus API begins.
    pub(crate) fn web_path(&self) -> Result<WebPath, Failure> {
        const EXPECTED: &str = "empty, or names of plain letters and digits with a slash before each, such as /campus";
        WebPath::parse(&self.campus.web_path).ok_or_else(|| Failure::setting("campus.web_path", EXPECTED))
    }

    /// From which hour on, by Beijing's clock, yesterday is reconciled; not at all without a gateway.
    pub(crate) fn daily_reconciliation(&self) -> Option<u32> {
        let on = self.reconciliation.daily && !self.pingpp.api_key.reveal().is_empty();
        on.then_some(self.reconciliation.daily_hour)
    }

    /// Whether the key is one of real money.
    pub(crate) fn is_live(&self) -> bool {
        self.pingpp.api_key.reveal().starts_with("sk_live_")
    }

    /// Which addresses events may be sent to. With real money only public ones.
    pub(crate) fn addresses(&self) -> Result<AddressPolicy, Failure> {
        const NAME: &str = "webhooks.allow_private_addresses";
        match self.webhooks.allow_private_addresses {
            true if self.is_live() => Err(Failure::setting(NAME, "it can't be used with a live key")),
            true => Ok(AddressPolicy::Any),
            false => Ok(AddressPolicy::PublicOnly),
        }
    }

    /// Refuses what no part of the program could work with.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        self.database()?;
        self.max_amount()?;
        self.campaign()?;
        self.web_path()?;
        self.refund_approval_above()?;
        let url = self.public_url.as_str();
        if !url.is_empty() && !["http://", "https://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(Failure::setting("public_url", "an address that begins with https:// or http://"));
        }
        if !matches!(self.business_failure_status, 200 | 400) {
            return Err(Failure::setting("business_failure_status", "200 or 400"));
        }
        if self.limits.logins_per_minute == 0 || self.limits.login_burst == 0 {
            return Err(Failure::setting("limits.logins_per_minute and limits.login_burst", "above zero"));
        }
        if self.limits.in_flight < 4 {
            return Err(Failure::setting("limits.in_flight", "at least 4: a quarter is kept for callbacks"));
        }
        for (name, burst) in [
            ("limits.payment_burst", self.limits.payment_burst),
            ("limits.read_burst", self.limits.read_burst),
            ("limits.bad_token_burst", self.limits.bad_token_burst),
        ] {
            if burst == 0 {
                return Err(Failure::setting(name, "above zero; a rate of 0 a minute is what turns it off"));
            }
        }
        let subject = self.top_ups.subject.chars().count();
        if !(1..=32).contains(&subject) {
            return Err(Failure::setting("top_ups.subject", "1 to 32 characters"));
        }
        for (name, minutes) in [
            ("orders.lifetime_minutes", self.orders.lifetime_minutes),
            ("orders.charge_lifetime_minutes", self.orders.charge_lifetime_minutes),
            ("top_ups.charge_lifetime_minutes", self.top_ups.charge_lifetime_minutes),
            ("packages.lifetime_minutes", self.packages.lifetime_minutes),
            ("packages.charge_lifetime_minutes", self.packages.charge_lifetime_minutes),
        ] {
            if minutes < 2 {
                return Err(Failure::setting(name, "at least 2: the gateway takes no shorter charge"));
            }
        }
        if self.cashier.link_lifetime_minutes == 0 {
            return Err(Failure::setting("cashier.link_lifetime_minutes", "above zero"));
        }
        self.idempotency.check()?;
        if self.reconciliation.daily_hour > 23 {
            return Err(Failure::setting("reconciliation.daily_hour", "0 to 23, by Beijing's clock"));
        }
        self.appstore.check()?;
        self.addresses()?;
        Ok(())
    }
}
