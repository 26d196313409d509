//! Text from a trace is whatever the traced program said: made safe before a terminal sees it.

use std::fmt::{self, Write};

/// Shows a text with what could steer a terminal or turn the reading direction replaced.
pub(crate) struct Safe<'a>(pub(crate) &'a str);

impl fmt::Display for Safe<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            f.write_char(if is_harmless(c) { c } else { char::REPLACEMENT_CHARACTER })?;
        }
        Ok(())
    }
}

fn is_harmless(c: char) -> bool {
    let turns_direction =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks_line = matches!(c, '\u{2028}' | '\u{2029}');
    !c.is_control() && !turns_direction && !breaks_line
}

#[cfg(test)]
mod tests {
    use super::Safe;

    #[test]
    fn escapes_and_direction_marks_are_replaced() {
        assert_eq!(Safe("a\u{1b}[31mred\nnext\u{9b}x").to_string(), "a\u{fffd}[31mred\u{fffd}next\u{fffd}x");
        assert_eq!(Safe("evil\u{202e}txt").to_string(), "evil\u{fffd}txt");
        assert_eq!(Safe("plain ünïcode 日本").to_string(), "plain ünïcode 日本");
    }
}
