//! What the tests of several crates share: isolated LTTng worlds, a program that emits events, and babeltrace2 as the
//! witness of what was recorded.
//!
//! Everything here panics with the reason when it fails: it is for tests only.

mod cannot_run;
mod emitter;
mod frozen_thread;
mod inhabitant;
mod inside;
mod sandbox;
mod stream_files;
mod wait;
mod witness;

pub use cannot_run::cannot_run;
pub use emitter::{Emitter, Payload};
pub use frozen_thread::FrozenThread;
pub use inhabitant::{Inhabitant, Relayd, is_alive};
pub use inside::{in_sandbox, in_sandbox_with};
pub use sandbox::{Sandbox, SandboxOptions};
pub use stream_files::{Packet, StreamFile, stream_files};
pub use wait::wait_until;
pub use witness::{WitnessEvent, babeltrace, parse_text};
