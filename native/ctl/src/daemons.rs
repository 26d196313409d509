//! LTTng's daemons: found, or started and ended with us.

mod child;
mod guard;
mod relayd;
mod sessiond;

pub use child::Lifetime;
pub(crate) use child::{find_daemon, find_program};
pub use guard::guard;
pub(crate) use relayd::RELAYD_PATH;
pub use relayd::{Relayd, start_relayd};
pub(crate) use sessiond::SESSIOND_PATH;
pub use sessiond::{Sessiond, ensure};
