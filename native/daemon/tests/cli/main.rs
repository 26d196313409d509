//! `beamtapd` as a program: what it prints, and with which code it ends.

#[path = "../../../ctf/tests/mock_relay/mod.rs"]
mod mock_relay;
#[path = "../../../analysis/tests/it/script.rs"]
#[allow(dead_code, reason = "what only the analysis' own tests say")]
mod script;
#[path = "../../../analysis/tests/it/trace_writer.rs"]
mod trace_writer;
#[path = "../../../ctf/tests/witness/mod.rs"]
mod witness;
#[path = "../../../ctf/tests/writer/mod.rs"]
mod writer;

mod directories;
mod doctor;
mod faults;
mod follow;
mod golden;
mod guard;
mod help;
mod info;
mod interrupt;
mod live;
mod live_and_disk;
mod memory;
mod named;
mod program;
mod read;
mod recover;
mod report;
mod traces;
