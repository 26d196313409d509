//! Which module may use which: whichever one likes, as long as no way leads back.
//!
//! A module is a file. It imports what a path in its code begins with: `crate::x`, `super::x`, or a child's name. Declaring
//! a child is no import; a parent that uses its child imports it, a child that uses its parent imports that.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Crates of `native/` whose modules' imports have no circle.
const CRATES: [&str; 2] = ["ctl", "nif"];

/// A module's path in its crate; the root's is empty.
type Module = Vec<String>;
type Sources = BTreeMap<Module, String>;
type Imports = BTreeMap<Module, BTreeSet<Module>>;

fn sources(directory: &Path, of: &[String], into: &mut Sources) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let stem = path.file_stem().expect("a name").to_str().expect("a name in UTF-8").to_owned();
        let mut module = of.to_vec();
        if path.is_dir() {
            module.push(stem);
            sources(&path, &module, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            if stem != "lib" && stem != "main" && stem != "mod" {
                module.push(stem);
            }
            into.insert(module, fs::read_to_string(&path).expect("a source"));
        }
    }
}

fn imports(sources: &Sources) -> Imports {
    let of = |(module, source): (&Module, &String)| {
        let tokens: TokenStream = source.parse().expect("Rust");
        let mut file = File { sources, imports: BTreeSet::new() };
        file.read(tokens, module);
        file.imports.remove(module);
        (module.clone(), file.imports)
    };
    sources.iter().map(of).collect()
}

/// A file that is read for what it imports.
struct File<'a> {
    sources: &'a Sources,
    imports: BTreeSet<Module>,
}

impl File<'_> {
    /// Reads code, of macros too, in the module `scope`: the file's, or one written out inside of it.
    fn read(&mut self, tokens: TokenStream, scope: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Ident(word) if word == "mod" => {
                    let inner = tokens.get(at + 1).map(|name| [scope, &[name.to_string()]].concat());
                    if let (Some(inner), Some(TokenTree::Group(body))) = (inner, tokens.get(at + 2)) {
                        self.read(body.stream(), &inner);
                    }
                    at += 3;
                }
                TokenTree::Ident(_) => at = self.path(&tokens, at, None, scope),
                TokenTree::Group(group) => {
                    self.read(group.stream(), scope);
                    at += 1;
                }
                // What stands behind `::` here is no path's beginning: `<T>::x`, `::x`.
                TokenTree::Punct(_) if is_separator(&tokens, at) => at += 3,
                _ => at += 1,
            }
        }
    }

    /// Follows a path from its beginning, or on from `before` in a list of a `use`, and answers where it ends.
    fn path(
        &mut self,
        tokens: &[TokenTree],
        mut at: usize,
        before: Option<Vec<String>>,
        scope: &[String],
    ) -> usize {
        // A word alone is a name: a module is used by what stands behind it.
        let mut is_name = before.is_none();
        let mut place = before;
        while let Some(TokenTree::Ident(word)) = tokens.get(at) {
            let word = word.to_string();
            place = Some(match (word.as_str(), place) {
                ("crate", None) => Vec::new(),
                ("self", place) => place.unwrap_or_else(|| scope.to_vec()),
                ("super", place) => parent(&place.unwrap_or_else(|| scope.to_vec())),
                (_, place) => [place.unwrap_or_else(|| scope.to_vec()), vec![word]].concat(),
            });
            at += 1;
            if !is_separator(tokens, at) {
                break;
            }
            at += 2;
            is_name = false;
            if let Some(TokenTree::Group(group)) = tokens.get(at)
                && group.delimiter() == Delimiter::Brace
            {
                let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                for one in inside.split(|token| token.to_string() == ",").filter(|one| !one.is_empty()) {
                    self.path(one, 0, place.clone(), scope);
                }
                return at + 1;
            }
        }
        if !is_name {
            self.import(&place.unwrap_or_default());
        }
        at
    }

    /// Imports the module that the place is in: as much of it as is a module's path.
    fn import(&mut self, place: &[String]) {
        let known = (0..=place.len()).rev().map(|length| place[..length].to_vec());
        if let Some(module) = known.into_iter().find(|module| self.sources.contains_key(module)) {
            self.imports.insert(module);
        }
    }
}

fn parent(place: &[String]) -> Vec<String> {
    place[..place.len().saturating_sub(1)].to_vec()
}

fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    let is_colon =
        |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(mark)) if mark.as_char() == ':');
    is_colon(tokens.get(at)) && is_colon(tokens.get(at + 1))
}

/// The shortest way from a module back to itself, for the first that there is.
fn circle(imports: &Imports) -> Option<String> {
    imports.keys().find_map(|start| {
        let mut ways: Vec<Vec<&Module>> = vec![vec![start]];
        let mut seen = BTreeSet::new();
        while !ways.is_empty() {
            let mut longer = Vec::new();
            for way in ways {
                for next in &imports[*way.last()?] {
                    let way = [way.as_slice(), &[next]].concat();
                    if next == start {
                        return Some(way.into_iter().map(name).collect::<Vec<_>>().join(" -> "));
                    }
                    if seen.insert(next) {
                        longer.push(way);
                    }
                }
            }
            ways = longer;
        }
        None
    })
}

fn name(module: &Module) -> String {
    if module.is_empty() { "lib".into() } else { module.join("::") }
}

#[test]
fn imports_of_modules_have_no_circle() {
    for name in CRATES {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../native").join(name).join("src");
        let mut sources = Sources::new();
        self::sources(&directory, &[], &mut sources);
        let imports = imports(&sources);
        assert!(imports.len() > 10, "{name} has been read");
        assert_eq!(circle(&imports), None, "{name}: one of these has to do without the next");
    }
}

/// The circle of two files, `a` with this code and `b`, its child or beside it, with that.
fn circle_of(a: &str, b: &str, code: &str) -> Option<String> {
    let module = |path: &str| path.split("::").map(str::to_owned).collect::<Module>();
    let sources = [(Module::new(), "mod a;".into()), (module("a"), a.into()), (module(b), code.into())];
    circle(&imports(&sources.into_iter().collect()))
}

#[test]
fn an_import_is_seen_however_it_is_written() {
    let found = Some("a -> b -> a".to_owned());
    for code in [
        "use crate::a;",
        "use crate::a::Thing;",
        "use super::a::{self, Thing};",
        "use crate::{a::Thing as Other};",
        "use crate::{\n    // A comment.\n    c,\n    a::{x, y},\n};",
        "fn f() -> crate::a::Thing { g() }",
        "fn f() { assert!(!super::a::is(1)); }",
        "mod inner { use super::super::a::Thing; }",
        "impl crate::a::Thing { }",
        "macro_rules! m { () => { $crate::a::f() } }",
    ] {
        assert_eq!(circle_of("use crate::b::f;", "b", code), found, "{code}");
    }
    for code in ["use crate::c;", "//! [`crate::a`]\n/// [a](crate::a)", "pub(crate) mod a {}", "a::f();"] {
        assert_eq!(circle_of("use crate::b::f;", "b", code), None, "{code}");
    }
}

#[test]
fn a_parent_imports_a_child_when_it_uses_it() {
    let found = Some("a -> a::b -> a".to_owned());
    for code in ["use super::Thing;", "use super::{Thing, Other};", "use super::*;", "use crate::a::Thing;"] {
        assert_eq!(circle_of("mod b; use b::f;", "a::b", code), found, "{code}");
        assert_eq!(circle_of("mod b; fn g() { b::f() }", "a::b", code), found, "{code}");
        assert_eq!(circle_of("mod b; fn g() { self::b::f() }", "a::b", code), found, "{code}");
        assert_eq!(circle_of("mod b;", "a::b", code), None, "{code}");
    }
    assert_eq!(circle_of("mod b; use b::f;", "a::b", "mod tests { use super::*; }"), None);
}
