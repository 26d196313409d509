//! Tests of the whole line. All of it is in `tests/`: this crate exists so that cargo runs them.
