//! Filled by a later commit.
fn main() {}
