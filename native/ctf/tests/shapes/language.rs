//! Shapes as the metadata describes them: TSDL for CTF 1.8, JSON for CTF 2.

use super::{Int, Member, Reference, Shape};

impl Shape {
    /// The declaration of a field of this shape, without its semicolon.
    pub(crate) fn tsdl(&self, name: &str) -> String {
        match self {
            Shape::Array(element, length) => element.tsdl(&format!("{name}[{length}]")),
            Shape::Sequence(element, reference) => element.tsdl(&format!("{name}[{}]", reference.name)),
            _ => format!("{} {name}", self.tsdl_type()),
        }
    }

    fn tsdl_type(&self) -> String {
        match self {
            Shape::Int(int) => int.tsdl(),
            Shape::Enum(int, mappings) => {
                let mappings: Vec<_> = mappings
                    .iter()
                    .map(|(label, low, high)| match low == high {
                        true => format!("\"{label}\" = {low}"),
                        false => format!("\"{label}\" = {low} ... {high}"),
                    })
                    .collect();
                format!("enum : {} {{ {} }}", int.tsdl(), mappings.join(", "))
            }
            Shape::Float { bits, align, is_big } => {
                let (exponent, mantissa) = if *bits == 32 { (8, 24) } else { (11, 53) };
                format!(
                    "floating_point {{ exp_dig = {exponent}; mant_dig = {mantissa}; align = {align}; byte_order = {}; }}",
                    if *is_big { "be" } else { "le" }
                )
            }
            Shape::Text => "string".to_owned(),
            Shape::Struct { align, members } => {
                format!("struct {{ {} }} align({align})", tsdl_members(members))
            }
            Shape::Variant(reference, options) => {
                format!("variant <{}> {{ {} }}", reference.name, tsdl_members(options))
            }
            Shape::Array(..) | Shape::Sequence(..) => unreachable!("declared around a name"),
        }
    }

    /// The field class in JSON.
    pub(crate) fn json(&self) -> String {
        match self {
            Shape::Int(int) => int.json(""),
            Shape::Enum(int, mappings) => {
                let mappings: Vec<_> = mappings
                    .iter()
                    .map(|(label, low, high)| format!("\"{label}\":[[{low},{high}]]"))
                    .collect();
                int.json(&format!(",\"mappings\":{{{}}}", mappings.join(",")))
            }
            Shape::Float { bits, align, is_big } => format!(
                r#"{{"type":"fixed-length-floating-point-number","length":{bits},"alignment":{align},"byte-order":"{}"}}"#,
                order(*is_big)
            ),
            Shape::Text => r#"{"type":"null-terminated-string"}"#.to_owned(),
            Shape::Struct { align, members } => {
                let members: Vec<_> = members
                    .iter()
                    .map(|m| format!(r#"{{"name":"{}","field-class":{}}}"#, public(&m.name), m.shape.json()))
                    .collect();
                format!(
                    r#"{{"type":"structure","minimum-alignment":{align},"member-classes":[{}]}}"#,
                    members.join(",")
                )
            }
            Shape::Array(element, length) if element.is_text() => {
                format!(r#"{{"type":"static-length-string","length":{length}}}"#)
            }
            Shape::Array(element, length) => format!(
                r#"{{"type":"static-length-array","length":{length},"element-field-class":{}}}"#,
                element.json()
            ),
            Shape::Sequence(element, reference) if element.is_text() => {
                format!(r#"{{"type":"dynamic-length-string","length-field-location":{}}}"#, reference.json())
            }
            Shape::Sequence(element, reference) => format!(
                r#"{{"type":"dynamic-length-array","length-field-location":{},"element-field-class":{}}}"#,
                reference.json(),
                element.json()
            ),
            Shape::Variant(reference, options) => {
                let options: Vec<_> = options
                    .iter()
                    .zip(&reference.ranges)
                    .map(|(option, (low, high))| {
                        format!(
                            r#"{{"name":"{}","selector-field-ranges":[[{low},{high}]],"field-class":{}}}"#,
                            public(&option.name),
                            option.shape.json()
                        )
                    })
                    .collect();
                format!(
                    r#"{{"type":"variant","selector-field-location":{},"options":[{}]}}"#,
                    reference.json(),
                    options.join(",")
                )
            }
        }
    }

    fn is_text(&self) -> bool {
        matches!(self, Shape::Int(Int { is_text: true, .. }))
    }
}

impl Int {
    fn tsdl(&self) -> String {
        format!(
            "integer {{ size = {}; align = {}; signed = {}; byte_order = {}; base = {};{} }}",
            self.bits,
            self.align,
            self.is_signed,
            if self.is_big { "be" } else { "le" },
            self.base,
            if self.is_text { " encoding = UTF8;" } else { "" }
        )
    }

    fn json(&self, more: &str) -> String {
        format!(
            r#"{{"type":"fixed-length-{}signed-integer","length":{},"alignment":{},"byte-order":"{}","preferred-display-base":{}{more}}}"#,
            if self.is_signed { "" } else { "un" },
            self.bits,
            self.align,
            order(self.is_big),
            self.base
        )
    }
}

impl Reference {
    /// The location, relative to the structure that the field is in.
    fn json(&self) -> String {
        format!(r#"{{"path":[{}"{}"]}}"#, "null,".repeat(self.up), public(&self.name))
    }
}

fn tsdl_members(members: &[Member]) -> String {
    members.iter().map(|member| member.shape.tsdl(&member.name) + "; ").collect()
}

fn public(name: &str) -> &str {
    name.strip_prefix('_').unwrap_or(name)
}

fn order(is_big: bool) -> &'static str {
    if is_big { "big-endian" } else { "little-endian" }
}
