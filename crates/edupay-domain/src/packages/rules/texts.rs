//! What a text that staff gives must be.

/// Whether a text may be left empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Empty {
    May,
    MustNot,
}

/// A text of at most so many characters, without control characters and without space at its ends.
pub(super) fn is_text(text: &str, max: usize, empty: Empty) -> bool {
    let length = text.chars().count();
    let filled = empty == Empty::May || length > 0;
    filled && length <= max && text.trim() == text && !text.chars().any(char::is_control)
}

/// The first of the fields that is no such text.
pub(super) fn first_bad(fields: &[(&'static str, &str, usize, Empty)]) -> Option<&'static str> {
    fields.iter().find(|(_, text, max, empty)| !is_text(text, *max, *empty)).map(|(name, ..)| *name)
}
