//! Known answers: each test's name says what its trace must give.

mod functions;
mod laws;
mod losses;
mod overview;
mod processes;

mod script;
