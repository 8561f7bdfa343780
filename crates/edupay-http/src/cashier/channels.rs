//! Which channels fit the device that a page is shown on.

use actix_web::http::header::{HeaderMap, USER_AGENT};
use edupay_domain::payments::Channel;

/// What shows the page, as far as it changes how one can pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Device {
    /// The browser inside WeChat.
    WeChat,
    /// A phone's own browser.
    Phone,
    /// Anything else: a screen that another phone can scan.
    Computer,
}

impl Device {
    /// Told by the user agent; a wrong guess offers ways that are less handy, and no wrong price.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let names = |names: &[&str]| names.iter().any(|name| agent.contains(name));
        if names(&["MicroMessenger"]) {
            Self::WeChat
        } else if names(&["Android", "iPhone", "iPad", "iPod", "HarmonyOS", "Mobile"]) {
            Self::Phone
        } else {
            Self::Computer
        }
    }

    /// The channels that can be paid here, each payer's app once, by the best that is offered. All are, where
    /// nobody chose any.
    ///
    /// WeChat lets no Alipay page open. Its own `wx_pub` wants the payer's open id, which a link can't
    /// know, and `wx_wap` is for browsers outside of it; so inside it there is only a code for a second
    /// phone to scan. An app's own channels (`wx`, `alipay`, `upacp`) need the app.
    pub(super) fn channels(self, offered: Option<&[Channel]>) -> Vec<Channel> {
        let is_offered = |channel: &&Channel| offered.is_none_or(|offered| offered.contains(channel));
        let apps = self.apps().iter().filter_map(|app| app.iter().find(is_offered).copied());
        let mut channels: Vec<Channel> = apps.collect();
        if let Some(offered) = offered {
            channels.sort_by_key(|channel| offered.iter().position(|other| other == channel));
        }
        channels
    }

    /// Whether a channel can be paid here.
    pub(super) fn takes(self, channel: Channel) -> bool {
        self.apps().iter().any(|app| app.contains(&channel))
    }

    /// For each app its channels, the best first. The address behind `alipay_qr` opens the app on a
    /// phone too.
    fn apps(self) -> &'static [&'static [Channel]] {
        match self {
            Self::WeChat => &[&[Channel::WxPubQr]],
            Self::Phone => &[&[Channel::WxWap], &[Channel::AlipayWap, Channel::AlipayQr]],
            Self::Computer => &[&[Channel::AlipayQr], &[Channel::WxPubQr]],
        }
    }
}

/// Whose app pays through a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PayerApp {
    Alipay,
    WeChat,
    UnionPay,
}

impl PayerApp {
    pub(super) fn of(channel: Channel) -> Self {
        match channel {
            Channel::Alipay | Channel::AlipayWap | Channel::AlipayQr => Self::Alipay,
            Channel::Wx | Channel::WxPub | Channel::WxPubQr | Channel::WxWap => Self::WeChat,
            Channel::Upacp => Self::UnionPay,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;
    use edupay_domain::packages::Project;

    fn device(agent: &'static str) -> Device {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        Device::of(&headers)
    }

    #[test]
    fn the_user_agent_tells_the_device() {
        for (agent, expected) in [
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) Mobile/15E148 MicroMessenger/8.0.42(0x18002a2f)",
                Device::WeChat,
            ),
            ("Mozilla/5.0 (Windows NT 10.0) WindowsWechat MicroMessenger/7.0.20", Device::WeChat),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile/15E148 Safari", Device::Phone),
            ("Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/126.0 Mobile Safari/537.36", Device::Phone),
            ("Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0 Safari/537.36", Device::Computer),
            ("", Device::Computer),
        ] {
            assert_eq!(device(agent), expected, "{agent}");
        }
        assert_eq!(Device::of(&HeaderMap::new()), Device::Computer);
    }

    #[test]
    fn each_device_gets_what_it_can_pay_and_the_project_takes() {
        use Channel::{Alipay, AlipayQr, AlipayWap, Upacp, Wx, WxPub, WxPubQr, WxWap};
        let all: &[Channel] = &Project::DEFAULT_CHANNELS;
        for (device, offered, expected) in [
            (Device::Computer, Some(all), vec![AlipayQr, WxPubQr]),
            (Device::Phone, Some(all), vec![AlipayWap, WxWap]),
            (Device::WeChat, Some(all), vec![WxPubQr]),
            (Device::Computer, Some(&[WxPubQr, AlipayQr][..]), vec![WxPubQr, AlipayQr]),
            (Device::Phone, Some(&[AlipayQr][..]), vec![AlipayQr]),
            (Device::Phone, Some(&[WxPubQr][..]), vec![]),
            (Device::WeChat, Some(&[Alipay, AlipayQr, AlipayWap][..]), vec![]),
            (Device::Computer, Some(&[Wx, Alipay, WxPub, Upacp][..]), vec![]),
            (Device::Phone, None, vec![WxWap, AlipayWap]),
            (Device::Computer, None, vec![AlipayQr, WxPubQr]),
        ] {
            assert_eq!(device.channels(offered), expected, "{device:?} {offered:?}");
        }
    }
}
