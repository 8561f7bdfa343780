//! A text as a code to scan.

use qrcode::{Color, EcLevel, QrCode};
use std::fmt::Write;

/// The white margin that the standard asks for, in modules.
const MARGIN: usize = 4;

/// A code: the dark parts as the path of an SVG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Qr {
    /// Width and height with the margin, in modules.
    pub(super) side: usize,
    /// The path.
    pub(super) path: String,
}

impl Qr {
    /// The code of a text; `None` when no code is large enough for it.
    pub(super) fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let width = code.width();
        let colors = code.into_colors();
        let mut path = String::new();
        for (row, y) in colors.chunks(width).zip(MARGIN..) {
            for (start, length) in runs(row) {
                let x = start.saturating_add(MARGIN);
                // Writing to a text can't fail.
                let _ = write!(path, "M{x} {y}h{length}v1h-{length}z");
            }
        }
        Some(Self { side: width.saturating_add(MARGIN).saturating_add(MARGIN), path })
    }
}

/// Where a row is dark: start and length of each run.
fn runs(row: &[Color]) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (x, _) in row.iter().enumerate().filter(|(_, color)| **color == Color::Dark) {
        match runs.last_mut() {
            Some((start, length)) if start.saturating_add(*length) == x => *length = length.saturating_add(1),
            _ => runs.push((x, 1)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The modules that a path paints.
    fn painted(qr: &Qr) -> Vec<(usize, usize)> {
        let mut modules = Vec::new();
        for part in qr.path.split('M').skip(1) {
            let (x, rest) = part.split_once(' ').unwrap();
            let (y, rest) = rest.split_once('h').unwrap();
            let length: usize = rest.split_once('v').unwrap().0.parse().unwrap();
            let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
            modules.extend((x..).take(length).map(|x| (x, y)));
        }
        modules
    }

    #[test]
    fn the_path_paints_the_dark_modules_and_nothing_else() {
        for text in ["", "https://qr.alipay.com/bax00000abcdef", "weixin://wxpay/bizpayurl?pr=xyz", "中文"] {
            let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
            let qr = Qr::of(text).unwrap();
            assert_eq!(qr.side, code.width() + 8);
            let painted = painted(&qr);
            let dark = (0..code.width() * code.width()).map(|at| (at % code.width(), at / code.width()));
            let dark: Vec<_> = dark.filter(|at| code[*at] == Color::Dark).map(|(x, y)| (x + 4, y + 4)).collect();
            let sorted = |mut modules: Vec<(usize, usize)>| {
                modules.sort_unstable();
                modules
            };
            assert_eq!(sorted(painted), sorted(dark), "{text}");
        }
    }

    #[test]
    fn a_text_that_no_code_can_hold_has_none() {
        assert_eq!(Qr::of(&"a".repeat(3_000)), None);
    }
}
