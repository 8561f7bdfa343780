//! The channels: how long an order number may be, what `extra` must hold, and for how long the same
//! request returns the same charge.

/// What the sandbox knows about one channel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Channel {
    pub(crate) name: &'static str,
    pub(crate) order_no_min: usize,
    pub(crate) order_no_max: usize,
    pub(crate) required_extra: &'static [&'static str],
}

const fn channel(
    name: &'static str,
    order_no_min: usize,
    order_no_max: usize,
    required_extra: &'static [&'static str],
) -> Channel {
    Channel { name, order_no_min, order_no_max, required_extra }
}

const CHANNELS: &[Channel] = &[
    channel("alipay", 1, 64, &[]),
    channel("alipay_wap", 1, 64, &["success_url"]),
    channel("alipay_qr", 1, 64, &[]),
    channel("alipay_scan", 1, 64, &["scan_code"]),
    channel("alipay_lite", 1, 64, &[]),
    channel("alipay_pc_direct", 1, 64, &["success_url"]),
    channel("wx", 2, 32, &[]),
    channel("wx_pub", 2, 32, &["open_id"]),
    channel("wx_pub_qr", 2, 32, &["product_id"]),
    channel("wx_pub_scan", 1, 32, &["scan_code"]),
    channel("wx_wap", 2, 32, &[]),
    channel("wx_lite", 2, 32, &["open_id"]),
    channel("qpay", 1, 30, &["device"]),
    channel("upacp", 8, 40, &[]),
    channel("upacp_wap", 8, 40, &["result_url"]),
    channel("upacp_pc", 8, 40, &["result_url"]),
    channel("upacp_qr", 8, 40, &[]),
    channel("upacp_scan", 8, 40, &["scan_code"]),
    channel("applepay_upacp", 8, 40, &[]),
    channel("jdpay_wap", 1, 30, &["success_url", "fail_url"]),
];

impl Channel {
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        CHANNELS.iter().find(|channel| channel.name == name)
    }

    /// UnionPay counts a subject in bytes.
    pub(crate) fn is_union_pay(&self) -> bool {
        self.name.contains("upacp")
    }

    /// How long a repeat of the same six values returns the first charge, in seconds.
    pub(crate) fn repeat_window(&self) -> i64 {
        match self.name {
            "wx_wap" => 300,
            "wx_pub_scan" => 60,
            name if is_wechat(name) => 7200,
            _ => 60,
        }
    }

    /// The longest and the usual life of a charge, in seconds.
    pub(crate) fn lifetimes(&self) -> (i64, i64) {
        const DAY: i64 = 86_400;
        if is_wechat(self.name) { (7 * DAY, 7200) } else { (15 * DAY, DAY) }
    }

    /// Whether a paid charge can still be reversed.
    pub(crate) fn reverses_paid(&self) -> bool {
        self.name.ends_with("_scan")
    }
}

/// WeChat wants each order number only once per merchant, across its channels.
pub(crate) fn is_wechat(name: &str) -> bool {
    name == "wx" || name.starts_with("wx_")
}
