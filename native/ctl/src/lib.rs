//! LTTng session control over `liblttng-ctl.so.0`, opened at run time and never linked.
//!
//! A host without LTTng loads this crate like any other; [`Lttng::load`] then says what is missing and
//! [`Error::remedy`] what to do about it.
//!
//! [`Plan`] says what is wanted and checks it, [`Lttng::open`] carries it out, [`Session`] destroys what was made when
//! it is dropped, and [`daemons`] finds or starts the session daemon.
//!
//! # Time
//!
//! Every liblttng-ctl call is a blocking conversation with the session daemon, and a stopped daemon (SIGSTOP, a
//! frozen cgroup) never answers. All calls therefore run on one thread of their own, and every method here takes the
//! longest time its caller is willing to wait. When that time is over the conversation is cut by shutting the
//! library's socket down, the thread is free again, and the caller gets an error for which [`Error::is_timeout`] is
//! true. The daemon may still carry out, once it runs again, what it was sent before: a session whose creation or
//! destruction timed out can exist under its name. A thread destroys such sessions as soon as the daemon answers again, and
//! so does the next [`Lttng::open`] of this process; [`Lttng::sessions`] and [`Lttng::destroy`] let a later process do it.
//!
//! liblttng-ctl keeps its connection in process globals without a lock, so two threads must never be in it at once:
//! that is why the thread is one per process and why nothing else in the process should call the library directly.
//!
//! # Example: record one process's events into a directory
//!
//! ```no_run
//! use beamtap_ctl::{Channel, DEFAULT_TIMEOUT, Lttng, Mode, Plan, daemons};
//! # fn main() -> Result<(), beamtap_ctl::Error> {
//! let lttng = Lttng::load()?;
//! let sessiond = daemons::ensure(&lttng, daemons::Lifetime::WithProcess, DEFAULT_TIMEOUT)?;
//! let plan = Plan::new("beamtap-4711", Mode::local("/tmp/trace"))
//!     .channel(Channel::new("beamtap-events").event("beamtap:*"))
//!     .track_vpid(4711);
//! let mut session = lttng.open(&plan, DEFAULT_TIMEOUT)?;
//! session.start(DEFAULT_TIMEOUT)?;
//! // … and when nobody emits any more:
//! let losses = session.stop(DEFAULT_TIMEOUT)?;
//! println!("{} events discarded", losses.discarded_events());
//! session.destroy(DEFAULT_TIMEOUT)?;
//! sessiond.stop(DEFAULT_TIMEOUT)?;
//! # Ok(())
//! # }
//! ```

mod audience;
mod call;
mod channel;
pub mod daemons;
mod deadline;
mod destruction;
pub mod doctor;
mod error;
mod flights;
mod health;
mod host;
mod library;
mod limits;
mod losses;
mod mode;
mod plan;
mod process;
mod recovery;
mod remains;
mod requests;
mod rotation;
mod run_directory;
mod session;
mod sessions;
mod snapshot;
mod socket;
mod spawn;
mod step;
mod sys;
mod tcp_table;
pub mod traces;
mod unsettled;
mod worker;

use std::time::Duration;

pub use audience::Listener;
pub use call::Lttng;
pub use channel::{Buffers, Channel, Files, OnFull, Rule, Sharing};
pub use error::Error;
pub use flights::Flight;
pub use host::Host;
pub use losses::{ChannelLosses, Losses};
pub use mode::{Mode, Output, TraceFormat};
pub use plan::{Plan, Rotation};
pub use recovery::Recovered;
pub use remains::Remains;
pub use session::Session;
pub use sessions::SessionInfo;

/// How long a call waits by default. With it no call holds its caller for 10 s.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(9);
