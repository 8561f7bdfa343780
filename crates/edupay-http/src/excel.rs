//! Differences as a CSV file that a spreadsheet opens right.
//!
//! UTF-8 with a byte order mark, lines ended by CR LF. What looks like a number and is none, such as an order
//! number, ends in a tab, which keeps a spreadsheet from rounding it; what would be taken for a formula begins
//! with an apostrophe. Amounts are yuan, so that they can be added up.

use edupay_domain::ids::ReconciliationId;
use edupay_domain::money::Money;
use edupay_domain::reconciliation::KeptDifference;

/// The first line, with the byte order mark before it.
const HEAD: &str = "\u{feff}run,place,standing,source,thing,kind,field,name,gateway_order_no,charge_id,refund_id,\
    ours,theirs,action,repair\r\n";

/// The head of the file.
#[must_use]
pub fn differences_csv_head() -> &'static str {
    HEAD
}

/// The line of one difference.
#[must_use]
pub fn differences_csv_line(run: ReconciliationId, kept: &KeptDifference) -> String {
    let difference = &kept.difference;
    let field = difference.field.strip_suffix("_fen");
    let value = |value: &Option<String>| match (value, field) {
        (None, _) => String::new(),
        (Some(fen), Some(_)) => yuan(fen).unwrap_or_else(|| text(fen)),
        (Some(value), None) => text(value),
    };
    let named = |id: Option<&str>| id.map(text).unwrap_or_default();
    let cells = [
        run.to_string(),
        kept.ordinal.to_string(),
        text(kept.standing.code()),
        text(difference.source.code()),
        text(difference.thing.code()),
        text(difference.kind.code()),
        text(field.unwrap_or(&difference.field)),
        text(&difference.name),
        named(difference.gateway_order_no.as_deref()),
        named(difference.charge_id.as_ref().map(|id| id.as_str())),
        named(difference.refund_id.as_ref().map(|id| id.as_str())),
        value(&difference.ours),
        value(&difference.theirs),
        text(difference.action.code()),
        text(kept.repair.code()),
    ];
    let mut line = cells.join(",");
    line.push_str("\r\n");
    line
}

/// An amount in yuan, as a number.
fn yuan(fen: &str) -> Option<String> {
    let fen = fen.parse().ok()?;
    Some(Money::try_from_fen(fen).ok()?.to_string())
}

/// A text, guarded and quoted where it must be.
fn text(value: &str) -> String {
    let value = value.replace(char::is_control, " ");
    let guarded =
        if value.trim_start().starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']) {
            format!("'{value}")
        } else if looks_like_a_number(&value) {
            format!("{value}\t")
        } else {
            value
        };
    if guarded.contains(['"', ',', '\t', ';', ' ', '\'']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

fn looks_like_a_number(value: &str) -> bool {
    value.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && value.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-' | b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use edupay_domain::reconciliation::{Action, Difference, DifferenceKind, Repair, Source, Standing, Thing};

    #[test]
    fn numbers_stay_texts_and_formulas_are_none() {
        for (value, cell) in [
            ("amount_differs", "amount_differs"),
            ("12134676899915430002", "\"12134676899915430002\t\""),
            ("1E5", "\"1E5\t\""),
            ("0012", "\"0012\t\""),
            ("=1+1", "\"'=1+1\""),
            ("=HYPERLINK(\"http://a\",\"b\")", "\"'=HYPERLINK(\"\"http://a\"\",\"\"b\"\")\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("-2+3", "\"'-2+3\""),
            ("+1", "\"'+1\""),
            ("\t=1", "\"' =1\""),
            ("a,b", "\"a,b\""),
            ("a\r\nb", "\"a  b\""),
        ] {
            assert_eq!(text(value), cell, "{value:?}");
        }
    }

    #[test]
    fn amounts_are_yuan_that_can_be_added_up() {
        let kept = KeptDifference {
            ordinal: 3,
            difference: Difference {
                source: Source::Gateway,
                thing: Thing::Payment,
                kind: DifferenceKind::AmountDiffers,
                field: "amount_fen".to_owned(),
                name: "ch_1".to_owned(),
                gateway_order_no: Some("12134676899915430002".to_owned()),
                charge_id: None,
                refund_id: None,
                ours: Some("9900".to_owned()),
                theirs: Some("1".to_owned()),
                action: Action::Review,
            },
            standing: Standing::New,
            repair: Repair::Open,
        };
        let line = differences_csv_line(ReconciliationId::try_new(7).unwrap(), &kept);
        let expected = "7,3,new,gateway,payment,amount_differs,amount,ch_1,\"12134676899915430002\t\",,,99.00,0.01,\
            review,open\r\n";
        assert_eq!(line, expected);
    }
}
