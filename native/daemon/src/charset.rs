//! Which characters beamtapd's own words may use: what the locale says that the terminal can show.

/// A set of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Charset {
    Ascii,
    Unicode,
}

impl Charset {
    /// What the locale of the environment allows: Unicode where its encoding is UTF-8.
    pub(crate) fn of_environment() -> Charset {
        Charset::of_locale(|name| std::env::var(name).ok())
    }

    fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Charset {
        let set = ["LC_ALL", "LC_CTYPE", "LANG"].iter().filter_map(|name| variable(name));
        let locale = set.filter(|value| !value.is_empty()).map(|value| value.to_ascii_lowercase()).next();
        match locale {
            Some(locale) if locale.ends_with("utf-8") || locale.ends_with("utf8") => Charset::Unicode,
            _ => Charset::Ascii,
        }
    }

    /// The prefix for a millionth.
    pub(crate) const fn micro(self) -> &'static str {
        match self {
            Charset::Ascii => "u",
            Charset::Unicode => "µ",
        }
    }

    /// Between facts on one line.
    pub(crate) const fn separator(self) -> &'static str {
        match self {
            Charset::Ascii => " | ",
            Charset::Unicode => " · ",
        }
    }

    /// At the end of what was cut; one column wide.
    pub(crate) const fn ellipsis(self) -> char {
        match self {
            Charset::Ascii => '~',
            Charset::Unicode => '…',
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Charset;

    fn of(settings: &[(&str, &str)]) -> Charset {
        Charset::of_locale(|name| {
            let setting = settings.iter().find(|(set, _)| *set == name);
            setting.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_first_variable_that_is_set_decides() {
        assert_eq!(of(&[]), Charset::Ascii);
        assert_eq!(of(&[("LANG", "en_US.UTF-8")]), Charset::Unicode);
        assert_eq!(of(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")]), Charset::Ascii);
        assert_eq!(of(&[("LANG", "C"), ("LC_CTYPE", "C.utf8"), ("LC_ALL", "")]), Charset::Unicode);
    }
}
