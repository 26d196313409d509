//! Known answers: each test's name says what its trace must give.

mod functions;
mod instruments;
mod laws;
mod lift;
mod losses;
mod overview;
mod processes;

mod script;
mod spans;
mod trace_writer;
