//! Names as the languages of the BEAM write them.

use beamtap_analysis::{FunctionName, elixir_atom, elixir_function, erlang_atom};
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
            Syntax::Elixir => format!("{}.{}", elixir_atom(&name.module), elixir_function(&name.name)),
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
