//! How far a run is, on a terminal only.

use edupay_domain::reconciliation::{BillKind, Progress, Stage};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;

/// A line on standard error; none where that is no terminal, since a log is not to be filled with bars.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let style = ProgressStyle::with_template("{spinner} {msg}: {pos}, {per_sec}, {elapsed}");
        // How many there are is not known before the end of a list.
        Self(ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner())))
    }

    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn moved(&self, stage: Stage, count: usize) {
        let message = match stage {
            Stage::Lists => "the gateway's lists",
            Stage::Bill(BillKind::Wechat) => "WeChat's bill",
            Stage::Bill(BillKind::Alipay) => "Alipay's bill",
            Stage::Books => "what was booked",
            Stage::Gone => "the run before",
            Stage::Repair => "repair",
        };
        if self.0.message() != message {
            self.0.set_message(message);
            self.0.set_position(0);
        }
        self.0.inc(u64::try_from(count).unwrap_or_default());
    }
}
