//! Whether the daemons that a session needs still run. Nobody is asked: a daemon that died is told by the kernel.

use crate::daemons::find_process;
use crate::error::{Error, Kind};
use crate::process::{self, Identity};

/// As much of the program's name as the kernel keeps.
const CONSUMER: &str = "lttng-consumerd";
/// What the session daemon starts the kernel domain's consumer daemon with; that one is none of ours.
const KERNEL_CONSUMER: &str = "-k";

/// The daemons of a session that has begun to record.
#[derive(Debug)]
pub(crate) struct Daemons {
    /// `None` where it cannot be seen, in another pid namespace.
    sessiond: Option<Identity>,
    consumers: Vec<Identity>,
}

impl Daemons {
    /// Those that run now.
    pub(crate) fn look() -> Self {
        let sessiond = find_process();
        let consumers = sessiond.map_or_else(Vec::new, |sessiond| {
            let is_ours = |pid: &u32| {
                process::is_named(*pid, CONSUMER)
                    && !process::arguments(*pid).iter().any(|word| word == KERNEL_CONSUMER)
            };
            process::children(sessiond.pid).into_iter().filter(is_ours).filter_map(Identity::of).collect()
        });
        Self { sessiond, consumers }
    }

    /// Those that were seen still run.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.sessiond.is_some_and(|sessiond| !sessiond.is_alive()) {
            return Err(Kind::NoSessiond.into());
        }
        if self.consumers.iter().any(|consumer| !consumer.is_alive()) {
            return Err(Kind::NoConsumer.into());
        }
        Ok(())
    }
}
