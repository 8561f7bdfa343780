//! How values are written in both APIs: times, and yuan as a JSON number that never was a float.

use chrono::SecondsFormat;
use edupay_domain::clock::Timestamp;
use edupay_domain::money::Money;
use serde::ser::Error;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// UTC, microseconds, `Z`: `2016-06-15T03:53:50.598744Z`.
pub(crate) fn time(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Yuan as a JSON number, without decimals when whole: `6`, `6.5`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct YuanNumber(pub(crate) Money);

impl YuanNumber {
    fn text(self) -> String {
        let text = self.0.to_string();
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

impl Serialize for YuanNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.text()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeZone, Utc};

    #[test]
    fn a_price_has_no_more_decimals_than_it_needs() {
        for (fen, expected) in [(600, "6"), (650, "6.5"), (655, "6.55"), (1, "0.01"), (60_000, "600"), (0, "0")] {
            let number = YuanNumber(Money::from_fen_u32(fen));
            assert_eq!(serde_json::to_string(&number).unwrap(), expected);
        }
    }

    #[test]
    fn times_have_microseconds_even_when_they_are_zero() {
        let at = Utc.with_ymd_and_hms(2016, 6, 15, 3, 53, 50).single().unwrap();
        assert_eq!(time(at), "2016-06-15T03:53:50.000000Z");
    }
}
