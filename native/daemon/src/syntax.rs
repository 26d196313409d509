//! Names as the languages of the BEAM write them.

use beamtap_analysis::FunctionName;
use clap::ValueEnum;

/// The language that lines are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Syntax {
    /// `lists:seq/2`, `<0.87.0>`
    Erlang,
    /// `Enum.map/2`, `:lists.seq/2`, `#PID<0.87.0>`
    Elixir,
}

impl Syntax {
    /// A function, without its arity.
    pub(crate) fn function(self, name: &FunctionName) -> String {
        match self {
            Syntax::Erlang => format!("{}:{}", erlang_atom(&name.module), erlang_atom(&name.name)),
            Syntax::Elixir => {
                let is_plain = is_plain(name.name.trim_end_matches(['?', '!']));
                let quote = if is_plain { "" } else { "\"" };
                format!("{}.{quote}{}{quote}", elixir_atom(&name.module), name.name)
            }
        }
    }

    pub(crate) fn atom(self, name: &str) -> String {
        match self {
            Syntax::Erlang => erlang_atom(name),
            Syntax::Elixir => elixir_atom(name),
        }
    }

    /// A local process by its number, `serial << 32 | number`.
    pub(crate) fn pid(self, pid: u64) -> String {
        let (number, serial) = (pid as u32, pid >> 32);
        match self {
            Syntax::Erlang => format!("<0.{number}.{serial}>"),
            Syntax::Elixir => format!("#PID<0.{number}.{serial}>"),
        }
    }
}

fn erlang_atom(name: &str) -> String {
    if is_plain(name) {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\\', "\\\\").replace('\'', "\\'"))
    }
}

/// An atom as Elixir writes it: aliases and `nil`, `true`, `false` without a colon.
pub(crate) fn elixir_atom(name: &str) -> String {
    if matches!(name, "nil" | "true" | "false") {
        return name.to_owned();
    }
    let is_alias = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_uppercase())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    match name.strip_prefix("Elixir.") {
        Some(alias) if alias.split('.').all(is_alias) => alias.to_owned(),
        _ if is_plain(name.trim_end_matches(['?', '!'])) || is_underscored(name) => format!(":{name}"),
        _ => format!(":\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

fn is_underscored(name: &str) -> bool {
    name.strip_prefix('_').is_some_and(|rest| rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

/// Needs no quotes in either language.
fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '@')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_each_language_writes_them() {
        let function = |module: &str, name: &str| {
            let name = FunctionName { module: module.into(), name: name.into(), arity: 2 };
            [Syntax::Erlang.function(&name), Syntax::Elixir.function(&name)]
        };
        assert_eq!(function("lists", "seq"), ["lists:seq", ":lists.seq"]);
        assert_eq!(function("Elixir.MyApp.Foo", "bar!"), ["'Elixir.MyApp.Foo':'bar!'", "MyApp.Foo.bar!"]);
        assert_eq!(function("lists", "-map/2-fun-0-"), ["lists:'-map/2-fun-0-'", ":lists.\"-map/2-fun-0-\""]);
        assert_eq!([Syntax::Erlang.pid(7 + (1 << 32)), Syntax::Elixir.pid(7)], ["<0.7.1>", "#PID<0.7.0>"]);
        assert_eq!([Syntax::Erlang.atom("it's"), Syntax::Elixir.atom("it's")], ["'it\\'s'", ":\"it's\""]);
        assert_eq!([Syntax::Erlang.atom("nil"), Syntax::Elixir.atom("nil")], ["nil", "nil"]);
    }
}
