//! Atoms and functions as Erlang and Elixir write them, so that a name can be taken from a report into a shell.

use std::fmt::Write;

/// The words that Erlang quotes as atoms; `maybe` and `else` in releases that have `maybe ... end`.
const ERLANG_RESERVED: &[&str] = &[
    "after", "and", "andalso", "band", "begin", "bnot", "bor", "bsl", "bsr", "bxor", "case", "catch", "cond",
    "div", "else", "end", "fun", "if", "let", "maybe", "not", "of", "or", "orelse", "receive", "rem", "try",
    "when", "xor",
];

/// The operators that Elixir writes without quotes, as a function behind a dot and as an atom.
const ELIXIR_OPERATORS: &[&str] = &[
    "+", "-", "*", "/", "++", "--", "+++", "---", "**", "!", "^", "==", "!=", "===", "!==", "<", ">", "<=",
    ">=", "&&", "||", "&&&", "|||", "<<<", ">>>", "|>", "<~>", "~>", "~>>", "<~", "<<~", "=~", "<>", "|",
    "<-", "=", "&", "@",
];

/// What Elixir writes without quotes as an atom alone.
const ELIXIR_SPECIAL: &[&str] = &["..", "..//", "...", ".", "%", "%{}", "{}", "<<>>"];

/// An atom as Erlang's shell writes it, in quotes if it needs them.
pub fn erlang_atom(name: &str) -> String {
    let is_plain = name.starts_with(is_erlang_lower)
        && name.chars().all(is_erlang_letter)
        && !ERLANG_RESERVED.contains(&name);
    if is_plain { name.to_owned() } else { quoted(name, '\'', erlang_escape) }
}

/// An atom as Elixir's shell writes it: aliases and `nil`, `true`, `false` without a colon.
pub fn elixir_atom(name: &str) -> String {
    if matches!(name, "nil" | "true" | "false") {
        return name.to_owned();
    }
    if let Some(alias) = elixir_alias(name) {
        return alias.to_owned();
    }
    let is_plain = is_elixir_identifier(name, |c| c.is_alphabetic() || c == '_', |c| c == '@')
        || ELIXIR_OPERATORS.contains(&name)
        || ELIXIR_SPECIAL.contains(&name);
    if is_plain { format!(":{name}") } else { format!(":{}", quoted(name, '"', elixir_escape)) }
}

/// A function's name as Elixir writes it after the module and a dot.
pub fn elixir_function(name: &str) -> String {
    let begins = |c: char| c == '_' || (c.is_alphabetic() && !c.is_uppercase());
    let is_plain = is_elixir_identifier(name, begins, |_| false) || ELIXIR_OPERATORS.contains(&name);
    if is_plain { name.to_owned() } else { quoted(name, '"', elixir_escape) }
}

/// What Elixir calls a module, where that is an alias.
fn elixir_alias(module: &str) -> Option<&str> {
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_uppercase())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let alias = module.strip_prefix("Elixir.").filter(|alias| alias.split('.').all(is_part))?;
    // An alias that begins with `Elixir` means what it says.
    Some(if alias == "Elixir" || alias.starts_with("Elixir.") { module } else { alias })
}

/// Names of Elixir's modules begin with this.
pub(crate) fn is_elixir_module(name: &str) -> bool {
    name.starts_with("Elixir.")
}

fn is_elixir_identifier(name: &str, begins: impl Fn(char) -> bool, goes_on: impl Fn(char) -> bool) -> bool {
    let stem = name.strip_suffix(['?', '!']).unwrap_or(name);
    stem.starts_with(begins) && stem.chars().all(|c| c.is_alphanumeric() || c == '_' || goes_on(c))
}

/// The letters that an Erlang atom may begin with are those of Latin-1.
fn is_erlang_lower(c: char) -> bool {
    matches!(c, 'a'..='z' | 'ß'..='ÿ') && c != '÷'
}

fn is_erlang_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '@') || (matches!(c, 'À'..='ÿ') && c != '×' && c != '÷')
}

fn quoted(name: &str, quote: char, escape: impl Fn(char, &mut String) -> bool) -> String {
    let mut text = String::with_capacity(name.len() + 2);
    text.push(quote);
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let interpolates = quote == '"' && c == '#' && chars.peek() == Some(&'{');
        if c == quote || c == '\\' || interpolates {
            text.push('\\');
            text.push(c);
        } else if !letter_escape(c, &mut text) && !escape(c, &mut text) {
            text.push(c);
        }
    }
    text.push(quote);
    text
}

/// The escapes that both languages have.
fn letter_escape(c: char, text: &mut String) -> bool {
    let letter = match c {
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '\u{7f}' => 'd',
        _ => return false,
    };
    text.push('\\');
    text.push(letter);
    true
}

fn erlang_escape(c: char, text: &mut String) -> bool {
    // Writing to a String cannot fail.
    let _ = match c {
        _ if c.is_control() => write!(text, "\\{:03o}", u32::from(c)),
        _ if is_deceptive(c) => write!(text, "\\x{{{:X}}}", u32::from(c)),
        _ => return false,
    };
    true
}

fn elixir_escape(c: char, text: &mut String) -> bool {
    let _ = match c {
        '\u{7}' => write!(text, "\\a"),
        _ if c.is_control() => write!(text, "\\x{:02X}", u32::from(c)),
        _ if is_deceptive(c) => write!(text, "\\u{:04X}", u32::from(c)),
        _ => return false,
    };
    true
}

/// Characters that turn the direction of what comes after them, or begin a line.
fn is_deceptive(c: char) -> bool {
    matches!(
        c,
        '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `io:format("~tp")` of OTP 25 prints, but for the characters that deceive.
    #[test]
    fn erlang_quotes_what_is_no_plain_atom() {
        let expected = [
            ("plain", "plain"),
            ("été", "été"),
            ("straße", "straße"),
            ("aÀ", "aÀ"),
            ("ÿ", "ÿ"),
            ("a@b", "a@b"),
            ("Grüße", "'Grüße'"),
            ("öa÷", "'öa÷'"),
            ("µ", "'µ'"),
            ("日本", "'日本'"),
            ("end", "'end'"),
            ("receive", "'receive'"),
            ("xor", "'xor'"),
            ("", "''"),
            ("_x", "'_x'"),
            ("1a", "'1a'"),
            ("a.b", "'a.b'"),
            ("a?", "'a?'"),
            ("it's", r"'it\'s'"),
            (r"a\b", r"'a\\b'"),
            ("x q\"q", "'x q\"q'"),
            ("a\n\u{1b}\0b", r"'a\n\e\000b'"),
            ("\t\u{b}\u{8}\u{c}\r", r"'\t\v\b\f\r'"),
            ("\u{7f}", r"'\d'"),
            ("\u{9b}x", r"'\233x'"),
            ("emb\u{202e}rtl", r"'emb\x{202E}rtl'"),
        ];
        for (name, text) in expected {
            assert_eq!(erlang_atom(name), text);
        }
    }

    /// What `Macro.inspect_atom(:remote_call, atom)` and `inspect(atom)` of Elixir 1.14 answer.
    #[test]
    fn elixir_quotes_what_is_no_identifier_and_no_operator() {
        let expected = [
            ("foo", "foo", ":foo"),
            ("foo?", "foo?", ":foo?"),
            ("foo!", "foo!", ":foo!"),
            ("été", "été", ":été"),
            ("日本", "日本", ":日本"),
            ("end", "end", ":end"),
            ("_x", "_x", ":_x"),
            ("__struct__", "__struct__", ":__struct__"),
            ("nil", "nil", "nil"),
            ("Foo", "\"Foo\"", ":Foo"),
            ("a@b", "\"a@b\"", ":a@b"),
            ("-f/2-fun-0-", "\"-f/2-fun-0-\"", ":\"-f/2-fun-0-\""),
            ("+", "+", ":+"),
            ("|>", "|>", ":|>"),
            ("%{}", "\"%{}\"", ":%{}"),
            ("=>", "\"=>\"", ":\"=>\""),
            ("", "\"\"", ":\"\""),
            ("1a", "\"1a\"", ":\"1a\""),
            ("it's", "\"it's\"", ":\"it's\""),
            ("a\"b", r#""a\"b""#, r#":"a\"b""#),
            ("a #{b", r##""a \#{b""##, r##":"a \#{b""##),
            ("a\n\u{1b}\u{1}", r#""a\n\e\x01""#, r#":"a\n\e\x01""#),
            ("\u{202e}", r#""\u202E""#, r#":"\u202E""#),
        ];
        for (name, function, atom) in expected {
            assert_eq!((elixir_function(name).as_str(), elixir_atom(name).as_str()), (function, atom));
        }
        let modules = [
            ("Elixir.Foo.Bar9", "Foo.Bar9"),
            ("Elixir.Elixir.Foo", "Elixir.Elixir.Foo"),
            ("Elixir.foo", ":\"Elixir.foo\""),
            ("Elixir.Foo bar", ":\"Elixir.Foo bar\""),
            ("Elixir.", ":\"Elixir.\""),
        ];
        for (module, text) in modules {
            assert_eq!(elixir_atom(module), text);
        }
    }
}
