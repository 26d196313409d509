//! Patterns for names, as shells have them.

use std::convert::Infallible;
use std::str::FromStr;

/// A pattern: `*` stands for any text, `?` for any one character, all else for itself.
#[derive(Clone, Debug)]
pub(crate) struct Glob(String);

impl FromStr for Glob {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Glob, Infallible> {
        Ok(Glob(text.to_owned()))
    }
}

impl Glob {
    /// Whether the pattern stands for all of an event's name, `provider:event`, or for what follows the provider.
    pub(crate) fn matches_event(&self, name: &str) -> bool {
        self.matches(name) || name.split_once(':').is_some_and(|(_, event)| self.matches(event))
    }

    /// Whether the pattern stands for all of the name.
    fn matches(&self, name: &str) -> bool {
        let (pattern, name): (Vec<char>, Vec<char>) = (self.0.chars().collect(), name.chars().collect());
        let (mut at, mut in_name) = (0, 0);
        // The last star, and how much of the name it has been tried with: only that one needs to be given more.
        let mut star = None;
        while in_name < name.len() {
            match pattern.get(at) {
                Some('*') => {
                    star = Some((at, in_name));
                    at += 1;
                }
                Some(&c) if c == '?' || c == name[in_name] => {
                    at += 1;
                    in_name += 1;
                }
                _ => {
                    let Some((star_at, tried)) = star else { return false };
                    star = Some((star_at, tried + 1));
                    (at, in_name) = (star_at + 1, tried + 1);
                }
            }
        }
        pattern[at..].iter().all(|&c| c == '*')
    }

    /// The pattern as it was given.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Glob;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, name, expected) in [
            ("beamtap:call", "beamtap:call", true),
            ("beamtap:call", "beamtap:calls", false),
            ("beamtap:*", "beamtap:call", true),
            ("*:call", "beamtap:call", true),
            ("*a*b", "aabab", true),
            ("*a*b", "aaba", false),
            ("s?s", "sys", true),
            ("s?s", "ss", false),
            ("", "", true),
            ("", "a", false),
            ("**", "", true),
            ("*é?", "caféx", true),
        ] {
            let glob: Glob = pattern.parse().unwrap();
            assert_eq!(glob.matches(name), expected, "{pattern} for {name}");
        }
    }

    #[test]
    fn a_provider_may_be_left_out() {
        for (pattern, name, expected) in [
            ("call", "beamtap:call", true),
            ("beamtap:call", "beamtap:call", true),
            ("gc_*", "beamtap:gc_minor_start", true),
            ("all", "beamtap:call", false),
            ("b", "a:b:c", false),
            ("b:c", "a:b:c", true),
            ("sched_switch", "sched_switch", true),
        ] {
            let glob: Glob = pattern.parse().unwrap();
            assert_eq!(glob.matches_event(name), expected, "{pattern} for {name}");
        }
    }
}
