//! Prometheus' text format (0.0.4), with names that OpenMetrics takes too.

use std::fmt::Write;

/// What a family of numbers is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows; the name ends in `_total`.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Buckets that count what is not above their bound.
    Histogram,
}

/// One number.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// What is put behind the family's name: nothing, or `_bucket`, `_sum`, `_count` of a histogram.
    pub suffix: &'static str,
    /// Names and values that tell it from its neighbours. They MUST NOT name anybody, hold anything secret,
    /// or have values that clients choose.
    pub labels: Vec<(&'static str, String)>,
    /// The number, as it is to be read.
    pub value: String,
}

/// Numbers of one name.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// The name, with `edupay_` in front.
    pub name: &'static str,
    /// One sentence for people.
    pub help: &'static str,
    /// What it is.
    pub kind: Kind,
    /// The numbers.
    pub samples: Vec<Sample>,
}

impl Sample {
    /// A number without labels.
    #[must_use]
    pub fn new(value: impl ToString) -> Self {
        Self { suffix: "", labels: Vec::new(), value: value.to_string() }
    }

    /// The same with one more label.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.labels.push((name, value.into()));
        self
    }

    /// The same as a part of a histogram.
    #[must_use]
    pub fn part(self, suffix: &'static str) -> Self {
        Self { suffix, ..self }
    }
}

impl Family {
    /// A family that only grows.
    #[must_use]
    pub fn counter(name: &'static str, help: &'static str, samples: Vec<Sample>) -> Self {
        Self { name, help, kind: Kind::Counter, samples }
    }

    /// A family that goes up and down.
    #[must_use]
    pub fn gauge(name: &'static str, help: &'static str, samples: Vec<Sample>) -> Self {
        Self { name, help, kind: Kind::Gauge, samples }
    }

    /// A histogram from the counts of its buckets, each with its bound as it is to be read; the last count
    /// is of what is above all bounds.
    #[must_use]
    pub fn histogram(name: &'static str, help: &'static str, histograms: Vec<Histogram<'_>>) -> Self {
        let mut samples = Vec::new();
        for Histogram { labels, bounds, counts, sum } in histograms {
            let labelled = |value: String, suffix| Sample { suffix, labels: labels.clone(), value };
            let mut so_far = 0_u64;
            let bounds = bounds.iter().copied().chain(["+Inf"]);
            for (bound, count) in bounds.zip(counts) {
                so_far = so_far.saturating_add(count);
                samples.push(labelled(so_far.to_string(), "_bucket").with("le", bound));
            }
            samples.push(labelled(sum, "_sum"));
            samples.push(labelled(so_far.to_string(), "_count"));
        }
        Self { name, help, kind: Kind::Histogram, samples }
    }
}

/// One histogram of a family.
#[derive(Debug, Clone)]
pub struct Histogram<'a> {
    /// What tells it from its neighbours.
    pub labels: Vec<(&'static str, String)>,
    /// The upper bounds, as they are to be read.
    pub bounds: &'a [&'static str],
    /// How many fell between each bound and the one before; one more than there are bounds.
    pub counts: Vec<u64>,
    /// What all of them come to.
    pub sum: String,
}

/// The page.
pub(crate) fn render(families: &[Family]) -> String {
    let mut page = String::with_capacity(16 * 1024);
    for Family { name, help, kind, samples } in families.iter().filter(|family| !family.samples.is_empty()) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        // Writing to a text can't fail.
        let _ = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for Sample { suffix, labels, value } in samples {
            let _ = write!(page, "{name}{suffix}");
            for (position, (label, text)) in labels.iter().enumerate() {
                let separator = if position == 0 { '{' } else { ',' };
                let _ = write!(page, "{separator}{label}=\"{}\"", escaped(text));
            }
            let end = if labels.is_empty() { "" } else { "}" };
            let _ = writeln!(page, "{end} {value}");
        }
    }
    page
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Microseconds as seconds, without a float.
pub(crate) fn seconds(micros: u64) -> String {
    let (whole, rest) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    format!("{whole}.{rest:06}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_written_as_prometheus_reads_it() {
        let families = [
            Family::counter(
                "edupay_x_total",
                "Things.",
                vec![Sample::new(3), Sample::new(4).with("a", "q\"\\").with("b", "c\nd")],
            ),
            Family::gauge("edupay_nothing", "Never shown.", Vec::new()),
            Family::histogram(
                "edupay_y_seconds",
                "Times.",
                vec![Histogram {
                    labels: vec![("route", "/v1/me".to_owned())],
                    bounds: &["0.1", "1"],
                    counts: vec![2, 0, 1],
                    sum: seconds(1_250_001),
                }],
            ),
        ];
        let expected = "# HELP edupay_x_total Things.\n# TYPE edupay_x_total counter\nedupay_x_total 3\n\
             edupay_x_total{a=\"q\\\"\\\\\",b=\"c\\nd\"} 4\n\
             # HELP edupay_y_seconds Times.\n# TYPE edupay_y_seconds histogram\n\
             edupay_y_seconds_bucket{route=\"/v1/me\",le=\"0.1\"} 2\n\
             edupay_y_seconds_bucket{route=\"/v1/me\",le=\"1\"} 2\n\
             edupay_y_seconds_bucket{route=\"/v1/me\",le=\"+Inf\"} 3\n\
             edupay_y_seconds_sum{route=\"/v1/me\"} 1.250001\nedupay_y_seconds_count{route=\"/v1/me\"} 3\n";
        assert_eq!(render(&families), expected);
    }

    #[test]
    fn microseconds_are_seconds_without_a_float() {
        for (micros, expected) in [(0, "0.000000"), (1, "0.000001"), (61_000_000, "61.000000")] {
            assert_eq!(seconds(micros), expected);
        }
    }
}
