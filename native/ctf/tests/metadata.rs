//! TSDL: what is accepted, and what is refused, where and why.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;

use beamtap_ctf::{Error, FieldKind, Item, TraceSet};

const TRACE: &str = "/* CTF 1.8 */\ntrace { major = 1; minor = 8; byte_order = le; };\n";

fn open(declarations: &str) -> Result<TraceSet, Error> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("metadata"), format!("{TRACE}{declarations}")).unwrap();
    TraceSet::open(dir.path())
}

/// A description of the fields of the event `e`.
fn fields(declarations: &str) -> String {
    let set = open(declarations).unwrap();
    let class = set.classes().iter().find(|c| c.name() == "e").unwrap();
    format!("{:?}", class.fields().iter().map(|f| (f.name(), f.field_type())).collect::<Vec<_>>())
}

fn event(fields: &str) -> String {
    format!("event {{ name = e; fields := struct {{ {fields} }}; }};")
}

#[test]
fn types_in_every_spelling() {
    let ints = "typealias integer { size = 8; signed = true; } := signed char; typealias integer { size = 32; } := unsigned int;
        typealias integer { size = 64; } := void *; typedef unsigned int u, v[2]; struct point { u x, y; } align(64);
        enum color : u { RED, GREEN = 5 ... 7, BLUE }; variant either { u RED; string BLUE; };";
    let body = "signed char a; const unsigned int b; void *c; u d; v e; struct point f; enum color g; variant either <g> h;
        struct { u n; struct { u m[n]; } inner[2]; } i; floating_point { exp_dig = 8; mant_dig = 24; } j; u k[2][3];
        integer { size = 8; encoding = UTF8; } l[4]; integer { size = 3; } m; u _n, __o; string { encoding = UTF8; } p;";
    assert_eq!(
        fields(&format!("{ints}{}", event(body))),
        "[(\"a\", i8), (\"b\", u32), (\"c\", u64), (\"d\", u32), (\"e\", [u32; 2]), (\"f\", {\"x\": u32, \"y\": u32}), \
         (\"g\", enum u32), (\"h\", variant {\"RED\": u32, \"BLUE\": string}), \
         (\"i\", {\"n\": u32, \"inner\": [{\"m\": [u32; n]}; 2]}), (\"j\", f32), (\"k\", [[u32; 3]; 2]), (\"l\", [u8; 4]), \
         (\"m\", u3), (\"n\", u32), (\"_o\", u32), (\"p\", string)]"
    );
}

#[test]
fn enumerations_count_on() {
    let set =
        open(&event("enum : integer { size = 8; signed = true; } { A = -2, B, \"C d\" = 3 ... 5, E } x;"))
            .unwrap();
    let FieldKind::Enum { signed: true, mappings } = set.classes()[0].fields()[0].field_type().kind() else {
        panic!()
    };
    let list: Vec<_> = mappings.iter().map(|m| (m.label(), m.range().0 as i64, m.range().1 as i64)).collect();
    assert_eq!(list, [("A", -2, -2), ("B", -1, -1), ("C d", 3, 5), ("E", 6, 6)]);
}

#[test]
fn faults_are_refused_where_they_are() {
    let byte = "integer { size = 8; }";
    let cases = [
        (event(&format!("{byte} a[-1];")), "negative"),
        (event(&format!("{byte} a[b];")), "no field \"b\" comes before"),
        (event(&format!("{byte} a[\"b\"];")), "expected a length"),
        (event(&format!("string n; {byte} a[n];")), "is not an integer"),
        (
            event(&format!("integer {{ size = 8; signed = true; }} n; {byte} a[n];")),
            "must be an unsigned integer",
        ),
        (event(&format!("{byte} a; {byte} a;")), "declared twice"),
        (event(&format!("{byte} _a; {byte} _a;")), "declared twice"),
        (event(&format!("{byte} trace;")), "keyword \"trace\""),
        (event(&format!("{byte} variant;")), "keyword \"variant\""),
        (format!("struct event {{ {byte} a; }};"), "keyword \"event\""),
        (format!("struct int {{ {byte} a; }};"), "keyword \"int\""),
        (format!("enum trace : {byte} {{ A }};"), "keyword \"trace\""),
        (format!("variant stream {{ {byte} A; }};"), "keyword \"stream\""),
        (format!("typealias {byte} := env;"), "keyword \"env\""),
        (
            event(&format!("enum : {byte} {{ A }} t; variant <struct> {{ {byte} A; }} v;")),
            "keyword \"struct\"",
        ),
        (event(&format!("enum : {byte} {{ }} a;")), "no values"),
        ("env { a = \"b\" \"c\"; };".into(), "expected \";\""),
        ("event { name = \"b\" \"c\"; };".into(), "expected \";\""),
        ("env { a = \"\\u12\"; };".into(), "escape"),
        ("env { a = \"\\ud800\"; };".into(), "escape"),
        (event(&format!("{byte} a[env.n];")), "\"env.n\" is not in the environment"),
        (format!("env {{ n = \"1\"; }}; {}", event(&format!("{byte} a[env.n];"))), "\"env.n\" is text"),
        (format!("env {{ n = -1; }}; {}", event(&format!("{byte} a[env.n];"))), "\"env.n\" is negative"),
        (format!("struct p {{ {byte} x; }} event {{ name = e; }};"), "expected \";\""),
        (event("unknown_t a;"), "\"unknown_t\" is not declared"),
        (event("struct other a;"), "\"struct other\" is not declared"),
        (event("struct a { struct a b; } c;"), "\"struct a\" is not declared"),
        (event("integer { signed = true; } a;"), "no size"),
        (event("integer { size = 0; } a;"), "1 to 64 bits"),
        (event("integer { size = 65; } a;"), "1 to 64 bits"),
        (event("integer { size = -8; } a;"), "1 to 64 bits"),
        (event("integer { size = \"8\"; } a;"), "1 to 64 bits"),
        (event("integer { size = 8; align = 3; } a;"), "power of two"),
        (event("integer { size = 8; align = -8; } a;"), "power of two"),
        (event("integer { size = 8; align = 1048576; } a;"), "are not supported"),
        (event("integer { size = 8; base = 7; } a;"), "unknown base"),
        (event("integer { size = 8; encoding = EBCDIC; } a;"), "unknown encoding"),
        (event("integer { size = 8; signed = maybe; } a;"), "true or false"),
        (event("integer { size = 8; byte_order = middle; } a;"), "byte order"),
        (event("integer { size = 8; map = clock.none.value; } a;"), "clock \"none\" is not declared"),
        (event("floating_point { exp_dig = 5; mant_dig = 11; } a;"), "binary32 or binary64"),
        (event(&format!("enum : {byte} {{ A = 256 }} a;")), "does not fit"),
        (event(&format!("enum : {byte} {{ A = -1 }} a;")), "does not fit"),
        (event(&format!("enum : {byte} {{ A = 5 ... 3 }} a;")), "ends before it begins"),
        (event("enum : floating_point { exp_dig = 8; mant_dig = 24; } { A } a;"), "must be an integer"),
        (event("enum { A } a;"), "\"int\" is not declared"),
        (event(&format!("{byte} t; variant <t> {{ {byte} A; }} v;")), "must be an enumeration"),
        (event(&format!("variant {{ {byte} A; }} v;")), "no tag"),
        (event(&format!("enum : {byte} {{ A }} t; variant <t> {{ }} v;")), "no options"),
        (event(&format!("struct {{ {byte} a; }} align(0) s;")), "power of two"),
        (format!("typealias {byte} := a; typealias {byte} := a;"), "already declared"),
        ("event { name = e; id = \"1\"; };".into(), "an id must be a number"),
        ("stream { id = 1; }; event { name = e; stream_id = 2; };".into(), "does not name a declared stream"),
        (
            "stream { id = 1; }; event { name = a; id = 1; }; event { name = b; id = 1; };".into(),
            "declared twice",
        ),
        ("stream { id = 1; }; stream { id = 1; };".into(), "declared twice"),
        ("clock { freq = 5; };".into(), "no name"),
        ("clock { name = c; freq = 0; };".into(), "must be positive"),
        ("trace { uuid = \"123\"; };".into(), "malformed"),
        ("trace { minor = 9; };".into(), "minor version"),
        ("event { name = e; fields := string; };".into(), "must be a structure"),
        ("nonsense;".into(), "unexpected \"nonsense\""),
        ("event {".into(), "expected"),
        ("/* no end".into(), "does not end"),
    ];
    for (text, what) in cases {
        let Err(error) = open(&text) else { panic!("accepted {text}") };
        assert!(error.is_metadata(), "{text}: {error}");
        assert!(error.to_string().contains(what), "{text}: {error}");
        assert!(error.line_column().is_some(), "{text}: {error}");
    }
}

#[test]
fn underscores_are_taken_from_names_that_stay_apart() {
    let byte = "integer { size = 8; }";
    let names = |members: &[&str]| {
        let members: Vec<String> = members.iter().map(|name| format!("{byte} {name};")).collect();
        let set = open(&event(&members.join(" "))).unwrap();
        set.classes()[0].fields().iter().map(|field| field.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&["_len", "__len"]), ["len", "_len"], "as LTTng writes len and _len");
    assert_eq!(names(&["_a", "a"]), ["_a", "a"]);
    assert_eq!(names(&["__a", "_a", "a"]), ["__a", "_a", "a"]);
    // Each refers to its own.
    let lengths = format!("{byte} n; {byte} _n; {byte} a[n]; {byte} b[_n];");
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("metadata"), format!("{TRACE}{}", event(&lengths))).unwrap();
    fs::write(dir.path().join("stream"), [1, 2, 10, 20, 21]).unwrap();
    let set = TraceSet::open(dir.path()).unwrap();
    let mut reader = set.reader();
    let Some(Item::Event(event)) = reader.next().unwrap() else { panic!("an event") };
    let mut text = Vec::new();
    event.write_text(&mut text);
    assert_eq!(
        String::from_utf8(text).unwrap(),
        "e: { n = 1, _n = 2, a = [ [0] = 10 ], b = [ [0] = 20, [1] = 21 ] }"
    );
}

#[test]
fn a_definition_inside_of_a_structure_may_lack_its_semicolon() {
    let byte = "integer { size = 8; }";
    let body = format!("struct p {{ {byte} x; }} struct p a; enum c : {byte} {{ A }} enum c b;");
    assert_eq!(fields(&event(&body)), "[(\"a\", {\"x\": u8}), (\"b\", enum u8)]");
}

#[test]
fn the_environment_gives_lengths_and_text_with_escapes() {
    let text = r#"env { n = 3; t = "a\n\"\\\x41\101\u00e9\U0001f41d\xff"; };"#;
    let declarations = format!("{text} {}", event("integer { size = 8; } a[env.n];"));
    assert_eq!(fields(&declarations), "[(\"a\", [u8; 3])]");
    let set = open(&declarations).unwrap();
    let (_, value) = set.environment().find(|(name, _)| *name == "t").unwrap();
    assert_eq!(value.as_str(), Some("a\n\"\\AA\u{e9}\u{1f41d}\u{fffd}"));
}

#[test]
fn text_that_is_not_ctf_1_8_is_refused() {
    for text in [
        "",
        "trace { major = 1; };",
        "/* CTF 2.8 */",
        "\0\0\0\0\0",
        "/* CTF 1.8 */ \u{0}",
        "/* CTF 1.8 */",
        "/* CTF 1.8 */\n// nothing\n",
    ] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("metadata"), text).unwrap();
        let result = TraceSet::open(dir.path());
        // No text describes nothing; that is not wrong in a trace that has just begun.
        assert_eq!(result.is_ok(), text.is_empty(), "{text:?}");
    }
    let empty = tempfile::tempdir().unwrap();
    let Err(error) = TraceSet::open(empty.path()) else { panic!("accepted an empty directory") };
    assert!(error.is_not_a_trace(), "{error}");
}
