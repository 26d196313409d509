//! LTTng's daemons: found, or started and ended with us.

mod child;
mod relayd;
mod sessiond;

pub use child::Lifetime;
pub use relayd::{Relayd, start_relayd};
pub(crate) use sessiond::find_process;
pub use sessiond::{Sessiond, ensure};
