//! Terms in Elixir's syntax, from the text in Erlang's that payloads carry.
//!
//! The text may be cut anywhere. What follows the cut is not known, and what was open is closed.

use beamtap_analysis::elixir_atom;
use std::fmt::Write;
use std::iter::Peekable;
use std::str::Chars;

/// What Elixir writes into maps of its own.
const STRUCT_KEY: &str = "__struct__";
const EXCEPTION_KEY: &str = "__exception__";

enum Term {
    Atom(String),
    /// In Elixir's syntax already.
    Text(String),
    Sequence {
        open: &'static str,
        elements: Vec<Term>,
        tail: Option<Box<Term>>,
        close: &'static str,
    },
    Map(Vec<(Term, Term)>),
    /// Where the text was cut.
    Cut,
}

/// The term in Elixir's syntax.
pub(crate) fn from_erlang(text: &str) -> String {
    let mut reader = Reader { rest: text.chars().peekable(), is_cut: false };
    let mut out = String::with_capacity(text.len());
    print(&reader.term(), &mut out);
    // What is not understood stays as it is.
    out.extend(reader.rest);
    out
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    /// The cut was met.
    is_cut: bool,
}

impl Reader<'_> {
    fn term(&mut self) -> Term {
        self.space();
        match self.rest.peek().copied() {
            None | Some('…') => {
                self.rest.next();
                self.is_cut = true;
                Term::Cut
            }
            Some('(') => self.sequence("(", ')', ")"),
            Some('{') => self.sequence("{", '}', "}"),
            Some('[') => self.sequence("[", ']', "]"),
            Some('\'') => {
                self.rest.next();
                Term::Atom(self.quoted('\'', false))
            }
            Some('"') => {
                self.rest.next();
                Term::Text(format!("~c\"{}\"", self.quoted('"', true)))
            }
            Some('<') => self.angle(),
            Some('#') => self.hash(),
            Some(c) if c.is_lowercase() => Term::Atom(self.word()),
            Some(_) => Term::Text(self.word()),
        }
    }

    fn space(&mut self) {
        while self.rest.next_if(|c| c.is_whitespace()).is_some() {}
    }

    /// Up to what cannot be part of a number or a plain atom; one character at least.
    fn word(&mut self) -> String {
        let mut word: String = self.rest.next().into_iter().collect();
        while let Some(c) =
            self.rest.next_if(|&c| c.is_alphanumeric() || matches!(c, '_' | '@' | '.' | '+' | '-' | '#'))
        {
            word.push(c);
        }
        word
    }

    /// Up to the closing quote, which is taken; escapes as they are if `keeps_escapes`.
    fn quoted(&mut self, quote: char, keeps_escapes: bool) -> String {
        let mut text = String::new();
        loop {
            let Some(c) = self.rest.next() else {
                self.is_cut = true;
                break;
            };
            match c {
                c if c == quote => break,
                '\\' => {
                    if keeps_escapes {
                        text.push(c);
                    }
                    text.extend(self.rest.next());
                }
                c => text.push(c),
            }
        }
        text
    }

    fn sequence(&mut self, open: &'static str, end: char, close: &'static str) -> Term {
        self.rest.next();
        let (mut elements, mut tail) = (Vec::new(), None);
        loop {
            self.space();
            match self.rest.peek() {
                Some(&c) if c == end || c == ',' => {
                    self.rest.next();
                    if c == end {
                        break;
                    }
                }
                Some('|') => {
                    self.rest.next();
                    tail = Some(Box::new(self.term()));
                }
                Some(')' | ']' | '}') => break,
                None if self.is_cut => break,
                _ => match self.term() {
                    Term::Cut => {
                        elements.push(Term::Cut);
                        break;
                    }
                    term => elements.push(term),
                },
            }
        }
        Term::Sequence { open, elements, tail, close }
    }

    /// A binary or a pid.
    fn angle(&mut self) -> Term {
        self.rest.next();
        if self.rest.next_if_eq(&'<').is_none() {
            return Term::Text(format!("#PID<{}", self.through('>')));
        }
        if self.rest.next_if_eq(&'"').is_some() {
            let text = format!("\"{}\"", self.quoted('"', true));
            self.through('>');
            self.rest.next_if_eq(&'>');
            return Term::Text(text);
        }
        let bytes = self.through('>');
        let end = self.rest.next_if_eq(&'>').map_or("", |_| ">");
        Term::Text(format!("<<{}{end}", bytes.replace(',', ", ")))
    }

    /// A map, or what has no syntax.
    fn hash(&mut self) -> Term {
        self.rest.next();
        if self.rest.peek() == Some(&'{') {
            return self.map();
        }
        let mut kind = String::new();
        while let Some(c) = self.rest.next_if(|c| c.is_alphabetic()) {
            kind.push(c);
        }
        let kind = match kind.as_str() {
            "Ref" => "Reference",
            "Fun" => "Function",
            kind => kind,
        };
        Term::Text(format!("#{kind}{}", self.through('>')))
    }

    fn map(&mut self) -> Term {
        self.rest.next();
        let mut pairs = Vec::new();
        loop {
            self.space();
            match self.rest.peek() {
                Some('}') => {
                    self.rest.next();
                    break;
                }
                Some(',') => {
                    self.rest.next();
                }
                Some(')' | ']') => break,
                None if self.is_cut => break,
                _ => {
                    let key = self.term();
                    if matches!(key, Term::Cut) {
                        pairs.push((Term::Cut, Term::Cut));
                        break;
                    }
                    self.space();
                    self.rest.next_if_eq(&'=');
                    self.rest.next_if_eq(&'>');
                    let value = self.term();
                    let is_cut = matches!(value, Term::Cut);
                    pairs.push((key, value));
                    if is_cut {
                        break;
                    }
                }
            }
        }
        Term::Map(pairs)
    }

    /// What comes up to a character, and that.
    fn through(&mut self, end: char) -> String {
        let mut text = String::new();
        for c in self.rest.by_ref() {
            text.push(c);
            if c == end {
                break;
            }
        }
        text
    }
}

fn print(term: &Term, out: &mut String) {
    match term {
        Term::Atom(name) => out.push_str(&elixir_atom(name)),
        Term::Text(text) => out.push_str(text),
        Term::Cut => out.push('…'),
        Term::Sequence { open, elements, tail, close } => {
            out.push_str(open);
            let is_keyword =
                *open == "[" && tail.is_none() && elements.iter().all(|element| pair(element).is_some());
            separated(elements, out, |element, out| match pair(element).filter(|_| is_keyword) {
                Some((key, value)) => {
                    let _ = write!(out, "{key}: ");
                    print(value, out);
                }
                None => print(element, out),
            });
            if let Some(tail) = tail {
                out.push_str(" | ");
                print(tail, out);
            }
            out.push_str(close);
        }
        Term::Map(pairs) => print_map(pairs, out),
    }
}

fn print_map(pairs: &[(Term, Term)], out: &mut String) {
    let name = pairs.iter().find_map(|(key, value)| match (key, value) {
        (Term::Atom(key), Term::Atom(name)) if key == STRUCT_KEY => name.strip_prefix("Elixir."),
        _ => None,
    });
    let is_own = |key: &Term| {
        name.is_some() && matches!(key, Term::Atom(key) if key == STRUCT_KEY || key == EXCEPTION_KEY)
    };
    let shown: Vec<&(Term, Term)> = pairs.iter().filter(|(key, _)| !is_own(key)).collect();
    let is_keyword = shown.iter().all(|(key, _)| plain(key).is_some() || matches!(key, Term::Cut));
    let _ = write!(out, "%{}{{", name.unwrap_or_default());
    separated(&shown, out, |(key, value), out| {
        if matches!(key, Term::Cut) {
            return out.push('…');
        }
        match plain(key).filter(|_| is_keyword) {
            Some(key) => {
                let _ = write!(out, "{key}: ");
            }
            None => {
                print(key, out);
                out.push_str(" => ");
            }
        }
        print(value, out);
    });
    out.push('}');
}

fn separated<T>(elements: &[T], out: &mut String, mut each: impl FnMut(&T, &mut String)) {
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        each(element, out);
    }
}

/// The two elements of a keyword list's entry.
fn pair(term: &Term) -> Option<(&str, &Term)> {
    match term {
        Term::Sequence { open: "{", elements, tail: None, .. } => match elements.as_slice() {
            [key, value] => plain(key).map(|key| (key, value)),
            _ => None,
        },
        _ => None,
    }
}

/// An atom that can be written as a key.
fn plain(term: &Term) -> Option<&str> {
    match term {
        Term::Atom(name)
            if !name.starts_with("Elixir.") && elixir_atom(name).trim_start_matches(':') == name =>
        {
            Some(name)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::from_erlang;

    #[test]
    fn terms_are_written_as_elixir_writes_them() {
        for (erlang, elixir) in [
            ("ok", ":ok"),
            ("nil", "nil"),
            ("{ok,[1,-2.5e3|tail]}", "{:ok, [1, -2.5e3 | :tail]}"),
            ("'Elixir.MyApp.Repo'", "MyApp.Repo"),
            ("'hello world'", ":\"hello world\""),
            ("<<\"text \\\" more\">>", "\"text \\\" more\""),
            ("<<1,2>>", "<<1, 2>>"),
            ("<<>>", "<<>>"),
            ("\"chars\"", "~c\"chars\""),
            ("[{a,1},{b,<0.1.0>}]", "[a: 1, b: #PID<0.1.0>]"),
            ("[{a,1},{b,2,3}]", "[{:a, 1}, {:b, 2, 3}]"),
            ("[]", "[]"),
            ("#{a => 1,b => #Ref<0.1.2.3>}", "%{a: 1, b: #Reference<0.1.2.3>}"),
            ("#{1 => x}", "%{1 => :x}"),
            ("#{'__struct__'=>'Elixir.URI',port=>80}", "%URI{port: 80}"),
            (
                "#{'__exception__' => true,'__struct__' => 'Elixir.RuntimeError',message => <<\"no\">>}",
                "%RuntimeError{message: \"no\"}",
            ),
            ("(1,[a])", "(1, [:a])"),
        ] {
            assert_eq!(from_erlang(erlang), elixir, "{erlang}");
        }
    }

    #[test]
    fn what_was_open_at_the_cut_is_closed() {
        for (erlang, elixir) in [
            ("([1,2,…", "([1, 2, …])"),
            ("#{a => {b,…", "%{a: {:b, …}}"),
            ("#{a => …", "%{a: …}"),
            ("{<<\"abc…", "{\"abc…\"}"),
        ] {
            assert_eq!(from_erlang(erlang), elixir, "{erlang}");
        }
    }

    #[test]
    fn whatever_the_text_is_there_is_an_answer() {
        let whole = "#{a => [{b,<<\"x\">>}|'c d'],<<1>> => #Fun<m.0.1>} ) ] } > <0.1.0>";
        for (begin, _) in whole.char_indices() {
            for (end, _) in whole.char_indices().filter(|&(end, _)| end >= begin) {
                assert!(
                    end == begin
                        || !from_erlang(&whole[begin..end]).is_empty()
                        || whole[begin..end].trim().is_empty()
                );
            }
        }
    }
}
