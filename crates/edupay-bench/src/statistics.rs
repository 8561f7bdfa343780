//! Percentiles, medians and spreads.

/// What many rounds gave for one figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Of no values there is none.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let (below, above) = (middle(&sorted, 1)?, middle(&sorted, 0)?);
        Some(Self { median: f64::midpoint(below, above), min, max })
    }
}

/// One of the two values in the middle, which are the same for an odd count.
fn middle(sorted: &[f64], back: usize) -> Option<f64> {
    sorted.get(sorted.len().saturating_sub(back).div_euclid(2)).copied()
}

/// The smallest value that so many of a thousand do not exceed; zero of none.
pub(crate) fn percentile(sorted: &[u32], per_mille: usize) -> u32 {
    let rank = sorted.len().saturating_mul(per_mille).div_ceil(1_000);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_value_that_was_measured() {
        let sorted: Vec<u32> = (1..=200).collect();
        assert_eq!(percentile(&sorted, 500), 100);
        assert_eq!(percentile(&sorted, 990), 198);
        assert_eq!(percentile(&sorted, 1_000), 200);
        assert_eq!(percentile(&[7], 990), 7);
        assert_eq!(percentile(&[], 990), 0);
    }

    #[test]
    fn a_median_does_not_care_for_the_order() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), Some(Spread { median: 2.0, min: 1.0, max: 3.0 }));
        assert_eq!(Spread::of([4.0, 1.0]), Some(Spread { median: 2.5, min: 1.0, max: 4.0 }));
        assert_eq!(Spread::of([]), None);
    }
}
