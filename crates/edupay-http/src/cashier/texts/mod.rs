//! What the pages say: one table per language, with the same keys.

mod chinese;
mod english;

use super::channels::PayerApp;
use crate::language::Language;
use edupay_domain::packages::PurchaseKind;
use edupay_domain::payments::{Channel, Receipt, ReceiptStatus, UnappliedReason};

macro_rules! texts {
    ($($key:ident),+ $(,)?) => {
        /// All texts of one language. A table without one of the keys is none.
        #[derive(Debug)]
        pub(super) struct Texts { $(pub(super) $key: &'static str),+ }

        #[cfg(test)]
        impl Texts {
            fn entries(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($key), self.$key)),+]
            }
        }
    };
}

texts!(
    // All pages.
    cashier,
    other_language,
    student,
    card,
    until,
    number,
    amount,
    total,
    // Choosing.
    choose_title,
    kind_new,
    kind_upgrade,
    kind_renewal,
    choose_one,
    choose_some,
    valid,
    if_paid_today,
    details,
    terms_of_use,
    channel,
    alipay,
    wechat,
    union_pay,
    next,
    total_follows,
    no_channel,
    inside_wechat,
    nothing_offered,
    // An order.
    order_title,
    courses,
    pay_before,
    // A payment.
    waiting,
    waiting_lead,
    scan_alipay,
    scan_wechat,
    scan_other,
    code_label,
    open_alipay,
    open_wechat,
    open_other,
    no_way,
    look,
    choose_again,
    paid,
    paid_lead,
    paid_at,
    beijing_time,
    returned,
    returned_lead,
    failed,
    failed_lead,
    closed,
    closed_lead,
    cancelled,
    cancelled_lead,
    // Money that could not be used.
    twice_on_its_way,
    twice_returned,
    on_its_way,
    given_back,
    in_review,
    // What kept a form from being taken.
    notice_selection,
    notice_not_offered,
    notice_channel,
    notice_held,
    notice_changed,
    notice_refused,
    notice_unknown,
    notice_owned,
    notice_other,
    // Pages that tell of a failure.
    missing_title,
    missing_lead,
    expired_title,
    expired_lead,
    throttled_title,
    throttled_lead,
    unavailable_title,
    unavailable_lead,
    wrong_title,
    wrong_lead,
);

impl Texts {
    pub(super) fn of(language: Language) -> &'static Self {
        match language {
            Language::Chinese => &chinese::TEXTS,
            Language::English => &english::TEXTS,
        }
    }

    pub(super) fn kind(&self, kind: PurchaseKind) -> &'static str {
        match kind {
            PurchaseKind::New => self.kind_new,
            PurchaseKind::Upgrade => self.kind_upgrade,
            PurchaseKind::Renewal => self.kind_renewal,
        }
    }

    pub(super) fn app(&self, channel: Channel) -> &'static str {
        match PayerApp::of(channel) {
            PayerApp::Alipay => self.alipay,
            PayerApp::WeChat => self.wechat,
            PayerApp::UnionPay => self.union_pay,
        }
    }

    pub(super) fn scan(&self, channel: Channel) -> &'static str {
        match PayerApp::of(channel) {
            PayerApp::Alipay => self.scan_alipay,
            PayerApp::WeChat => self.scan_wechat,
            PayerApp::UnionPay => self.scan_other,
        }
    }

    pub(super) fn open(&self, channel: Channel) -> &'static str {
        match PayerApp::of(channel) {
            PayerApp::Alipay => self.open_alipay,
            PayerApp::WeChat => self.open_wechat,
            PayerApp::UnionPay => self.open_other,
        }
    }

    /// What is said of money that could not be used.
    pub(super) fn unapplied(&self, receipt: &Receipt) -> String {
        let twice = receipt.reason == Some(UnappliedReason::PaidAlready);
        let text = match receipt.status {
            ReceiptStatus::Refunded if twice => self.twice_returned,
            ReceiptStatus::Refunded => self.given_back,
            ReceiptStatus::Review => self.in_review,
            _ if twice => self.twice_on_its_way,
            _ => self.on_its_way,
        };
        text.replace("{amount}", &format!("¥{}", receipt.amount))
    }

    /// What is said of a form that was not taken; nothing for a code that no form answers with.
    pub(super) fn notice(&self, code: &str) -> Option<&'static str> {
        Some(match code {
            "package_selection_invalid" | "several_projects" => self.notice_selection,
            "package_not_offered" => self.notice_not_offered,
            "channel_invalid" | "channel_not_offered" => self.notice_channel,
            "package_held" => self.notice_held,
            "nothing_to_upgrade" | "package_not_dearer" | "package_never_held" => self.notice_changed,
            "charge_refused" | "charges_halted" | "gateway_throttled" | "gateway_unreached" => self.notice_refused,
            "charge_unknown" => self.notice_unknown,
            "course_owned" => self.notice_owned,
            "amount_too_large" => self.notice_other,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edupay_domain::orders::PayRefusal;
    use edupay_domain::packages::PlaceRefusal;
    use edupay_domain::payments::Postponement;

    fn keys(texts: &Texts) -> Vec<&'static str> {
        texts.entries().into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn both_languages_have_every_text() {
        let (chinese, english) = (Texts::of(Language::Chinese), Texts::of(Language::English));
        assert_eq!(keys(chinese), keys(english));
        let han = |text: &str| text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
        for ((key, chinese), (_, english)) in chinese.entries().into_iter().zip(english.entries()) {
            // Its name for the other one is the other one's own.
            let turned = key == "other_language";
            assert_eq!((han(chinese), han(english)), (!turned, turned), "{key}: {chinese} / {english}");
            assert_eq!(chinese.matches("{amount}").count(), english.matches("{amount}").count(), "{key}");
            assert_eq!((chinese.trim(), english.trim()), (chinese, english), "{key}");
            assert!(!format!("{chinese}{english}").contains(['<', '>', '&', '"']), "{key}");
        }
    }

    #[test]
    fn every_refusal_that_a_form_can_meet_has_a_text() {
        let package = edupay_domain::ids::PackageId::try_new(1).unwrap();
        let codes = [
            PlaceRefusal::BadSelection,
            PlaceRefusal::NotOffered(package),
            PlaceRefusal::SeveralProjects,
            PlaceRefusal::ChannelNotOffered,
            PlaceRefusal::HeldAlready,
            PlaceRefusal::NothingToUpgrade,
            PlaceRefusal::NotDearer,
            PlaceRefusal::NeverHeld,
            PlaceRefusal::TooLarge,
            PlaceRefusal::ChargeRefused,
            PlaceRefusal::ChargePostponed(Postponement::Throttled),
            PlaceRefusal::ChargePostponed(Postponement::Unreached),
            PlaceRefusal::ChargePostponed(Postponement::Halted { retry_after: std::time::Duration::ZERO }),
            PlaceRefusal::ChargeUnknown,
        ];
        let codes = codes.iter().map(|refusal| refusal.code()).chain(["channel_invalid", "course_owned"]);
        let codes = codes.chain([PayRefusal::ChargeRefused.code(), PayRefusal::ChargeUnknown.code()]);
        for code in codes {
            assert!(Texts::of(Language::Chinese).notice(code).is_some(), "{code}");
        }
        assert_eq!(Texts::of(Language::Chinese).notice("<script>"), None);
    }
}
