//! Lines that are no wider than there is room.

use unicode_width::UnicodeWidthStr;

/// The parts, with `separator` between those of one line, in as many lines as `width` makes of them. A part that is wider
/// has a line of its own; without a width all is one line.
pub(crate) fn lines<'a>(
    parts: impl IntoIterator<Item = &'a str>,
    separator: &str,
    width: Option<usize>,
) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line)
                if width.is_none_or(|width| line.width() + separator.width() + part.width() <= width) =>
            {
                line.push_str(separator);
                line.push_str(part);
            }
            _ => lines.push(part.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn no_line_is_wider_but_for_a_word_that_is() {
        let words = || "a finding of internationalisation, or so".split(' ');
        assert_eq!(lines(words(), " ", None), ["a finding of internationalisation, or so"]);
        assert_eq!(lines(words(), " ", Some(12)), ["a finding of", "internationalisation,", "or so"]);
        assert_eq!(lines(["a", "b"], " · ", Some(5)), ["a · b"]);
        assert_eq!(lines(["a", "b"], " · ", Some(4)), ["a", "b"]);
        assert!(lines([], " ", Some(4)).is_empty());
    }
}
