//! When a fault acts: always, so many times, or with a probability.

use serde::{Deserialize, Serialize};

use crate::ids::Draws;

/// `true`, a number, or `{"times": n, "probability": p}`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "SwitchBody", into = "SwitchBody")]
pub(super) struct Switch {
    /// How often it still acts; without end when absent.
    times: Option<u64>,
    /// How likely it acts; 1 when absent.
    probability: Option<f64>,
}

/// A number that is always used, or `{"ms": n}` (`n` for counts) with a switch.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "MeasureBody", into = "MeasureBody")]
pub(super) struct Measure {
    value: u64,
    switch: Switch,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "expected true, a number or {\"times\":n,\"probability\":p}")]
enum SwitchBody {
    Always(bool),
    Times(u64),
    Both(Both),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Both {
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a number or {\"ms\":n,\"times\":n,\"probability\":p}")]
enum MeasureBody {
    Always(u64),
    Switched(Switched),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Switched {
    #[serde(alias = "ms", alias = "n")]
    value: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
}

impl Switch {
    /// Whether it acts this time; an act counts.
    pub(super) fn draw(&mut self, draws: &mut Draws) -> bool {
        if self.times == Some(0) {
            return false;
        }
        if self.probability.is_some_and(|probability| fraction(draws) >= probability) {
            return false;
        }
        self.times = self.times.map(|times| times.saturating_sub(1));
        true
    }
}

impl Measure {
    /// The value this time, 0 when it does not act.
    pub(super) fn draw(&mut self, draws: &mut Draws) -> u64 {
        if self.switch.draw(draws) { self.value } else { 0 }
    }
}

impl TryFrom<SwitchBody> for Switch {
    type Error = &'static str;

    fn try_from(body: SwitchBody) -> Result<Self, Self::Error> {
        match body {
            SwitchBody::Always(true) => Ok(Self { times: None, probability: None }),
            SwitchBody::Always(false) => Ok(Self { times: Some(0), probability: None }),
            SwitchBody::Times(times) => Ok(Self { times: Some(times), probability: None }),
            SwitchBody::Both(Both { times, probability }) => checked(times, probability),
        }
    }
}

impl TryFrom<MeasureBody> for Measure {
    type Error = &'static str;

    fn try_from(body: MeasureBody) -> Result<Self, Self::Error> {
        match body {
            MeasureBody::Always(value) => Ok(Self { value, switch: checked(None, None)? }),
            MeasureBody::Switched(Switched { value, times, probability }) => {
                Ok(Self { value, switch: checked(times, probability)? })
            }
        }
    }
}

impl From<Switch> for SwitchBody {
    fn from(switch: Switch) -> Self {
        match switch {
            Switch { times: None, probability: None } => Self::Always(true),
            Switch { times, probability } => Self::Both(Both { times, probability }),
        }
    }
}

impl From<Measure> for MeasureBody {
    fn from(Measure { value, switch }: Measure) -> Self {
        match switch {
            Switch { times: None, probability: None } => Self::Always(value),
            Switch { times, probability } => Self::Switched(Switched { value, times, probability }),
        }
    }
}

fn checked(times: Option<u64>, probability: Option<f64>) -> Result<Switch, &'static str> {
    match probability {
        Some(p) if !(0.0..=1.0).contains(&p) => Err("a probability is from 0 to 1"),
        _ => Ok(Switch { times, probability }),
    }
}

/// A number from 0 up to, not including, 1.
#[expect(clippy::float_arithmetic, reason = "a probability, not money")]
fn fraction(draws: &mut Draws) -> f64 {
    let bits = u32::try_from(draws.next() >> 32).unwrap_or(u32::MAX);
    f64::from(bits) / 4_294_967_296.0
}
