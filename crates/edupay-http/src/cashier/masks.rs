//! A person's name and card, shown so that those who know them recognise them and nobody else learns
//! them.

/// A name with its middle hidden: 陈雅诺 is 陈*诺. Of a name in several words the first letter of each
/// stays.
pub(super) fn name(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    match words.as_slice() {
        [word] => masked_word(word),
        words => words
            .iter()
            .filter_map(|word| word.chars().next())
            .map(|first| format!("{first}**"))
            .fold(String::new(), |shown, word| if shown.is_empty() { word } else { format!("{shown} {word}") }),
    }
}

fn masked_word(word: &str) -> String {
    let mut letters = word.chars();
    match (letters.next(), letters.next_back(), letters.count()) {
        (Some(_), None, _) => "*".to_owned(),
        (Some(first), Some(_), 0) => format!("{first}*"),
        (Some(first), Some(last), hidden) => format!("{first}{}{last}", "*".repeat(hidden.min(6))),
        (None, ..) => String::new(),
    }
}

/// What stands in the place of a picture: the first letter, of several words the first two.
pub(super) fn initials(name: &str) -> String {
    let first = name.split_whitespace().take(2).filter_map(|word| word.chars().next());
    first.flat_map(char::to_uppercase).collect()
}

/// The end of a card's number: its last four characters, but never more than a third of it.
pub(super) fn card_tail(card_no: &str) -> String {
    let shown = card_no.chars().count().checked_div(3).unwrap_or_default().min(4);
    let mut tail: Vec<char> = card_no.chars().rev().take(shown).collect();
    tail.reverse();
    tail.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_ends() {
        for (whole, shown) in [
            ("", ""),
            ("  ", ""),
            ("陈", "*"),
            ("陈诺", "陈*"),
            ("陈雅诺", "陈*诺"),
            ("欧阳雅诺", "欧**诺"),
            (" 陈雅诺 ", "陈*诺"),
            ("Mary Watson", "M** W**"),
            ("Mary Jane Watson-Parker", "M** J** W**"),
            ("Christopherson", "C******n"),
            ("<script>alert(1)</script>", "<******>"),
            ("阿卜杜拉·买买提", "阿******提"),
        ] {
            assert_eq!(name(whole), shown, "{whole:?}");
        }
    }

    #[test]
    fn initials_are_one_letter_or_two() {
        for (whole, shown) in [("", ""), ("陈雅诺", "陈"), ("mary jane watson", "MJ"), (" Mary ", "M"), ("ß", "SS")]
        {
            assert_eq!(initials(whole), shown, "{whole:?}");
        }
    }

    #[test]
    fn a_card_shows_its_end_and_never_more_than_a_third() {
        for (whole, shown) in [
            ("", ""),
            ("1", ""),
            ("12", ""),
            ("123", "3"),
            ("12345678", "78"),
            ("335731330", "330"),
            ("123456789012", "9012"),
            ("6222020200112233", "2233"),
        ] {
            assert_eq!(card_tail(whole), shown, "{whole:?}");
        }
    }
}
