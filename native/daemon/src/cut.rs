//! Leaving fields out of an event's text.

/// Takes out of babeltrace2's text `{ a = 1, b = "x" }, { c = 2 }`, which begins at `from`, the members that are not
/// wanted, and structures that have none left.
pub(crate) fn cut(line: &mut Vec<u8>, from: usize, is_wanted: impl Fn(&[u8]) -> bool) {
    let text = line.split_off(from);
    let mut rest = &text[..];
    let mut is_first = true;
    while let Some(members) = rest.strip_prefix(b"{").or_else(|| rest.strip_prefix(b", {")) {
        rest = members;
        let mut is_open = false;
        while let Some(member) = rest.strip_prefix(b" ").or_else(|| rest.strip_prefix(b", ")) {
            if let Some(behind) = member.strip_prefix(b"}") {
                rest = behind;
                break;
            }
            let (member, behind) = member.split_at(member_length(member));
            rest = behind;
            let name = member.windows(3).position(|window| window == b" = ").unwrap_or(member.len());
            if is_wanted(&member[..name]) {
                let before: &[u8] = match (is_open, is_first) {
                    (true, _) => b", ",
                    (false, true) => b"{ ",
                    (false, false) => b", { ",
                };
                line.extend_from_slice(before);
                line.extend_from_slice(member);
                (is_open, is_first) = (true, false);
            }
        }
        if is_open {
            line.extend_from_slice(b" }");
        }
    }
}

/// Length of the member at the beginning: up to the comma behind it or the end of its structure.
fn member_length(text: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => at += 1 + string_length(&text[at + 1..]),
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' if depth > 0 => depth -= 1,
            b',' if depth == 0 => return at,
            b' ' if depth == 0 && text[at..].starts_with(b" }") => return at,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// Bytes before the quote that ends the string.
fn string_length(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::cut;

    fn with(names: &[&str], text: &str) -> String {
        let mut line = format!("e: {text}").into_bytes();
        cut(&mut line, 3, |name| names.iter().any(|wanted| wanted.as_bytes() == name));
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn members_are_found_behind_any_value() {
        let text = r#"{ cpu_id = 0 }, { pid = 7 }, { s = "a, b = \" }\\", e = ( "x)" : container = 1 ), n = [ [0] = { pid = 1 }, [1] = { } ], z = { pid = 9 }, v = -2 }"#;
        let all = ["cpu_id", "pid", "s", "e", "n", "z", "v"];
        assert_eq!(with(&all, text), format!("e: {text}"));
        assert_eq!(with(&["pid"], text), "e: { pid = 7 }");
        assert_eq!(with(&["cpu_id", "v"], text), "e: { cpu_id = 0 }, { v = -2 }");
        assert_eq!(
            with(&["s", "n"], text),
            r#"e: { s = "a, b = \" }\\", n = [ [0] = { pid = 1 }, [1] = { } ] }"#
        );
        assert_eq!(with(&["none"], text), "e: ");
        assert_eq!(with(&["none"], "{ }, { }"), "e: ");
        assert_eq!(with(&["none"], ""), "e: ");
    }

    #[test]
    fn what_is_not_such_text_does_no_harm() {
        for text in ["{", "{ ", "{ a", "{ a = \"", "{ a = \"\\", "}", ", ", "{ a = [ }", "{ a = 1 }, "] {
            with(&["a"], text);
        }
    }
}
