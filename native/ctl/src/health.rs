//! Whether the daemons that a session needs still run. Nobody is asked: a daemon that died is told by the kernel.

use std::net::{SocketAddr, ToSocketAddrs};

use crate::error::{Error, Kind};
use crate::mode::Mode;
use crate::process::{self, Identity};
use crate::run_directory::find_process;
use crate::tcp_table::{Socket, sockets};

/// As much of the program's name as the kernel keeps.
const CONSUMER: &str = "lttng-consumerd";
/// What the session daemon starts the kernel domain's consumer daemon with; that one is none of ours.
const KERNEL_CONSUMER: &str = "-k";
/// Where a relay daemon waits for session daemons unless told otherwise.
const CONTROL_PORT: u16 = 5342;

/// The daemons of a session that has begun to record.
#[derive(Debug)]
pub(crate) struct Daemons {
    /// `None` where it cannot be seen, in another pid namespace.
    sessiond: Option<Identity>,
    /// Whoever started the session daemon and still runs.
    starter: Option<Identity>,
    consumers: Vec<Identity>,
    /// Where the relay daemon is; empty without one, or where its connections cannot be seen, in another network namespace.
    relayd: Vec<SocketAddr>,
}

impl Daemons {
    /// Those that run now.
    pub(crate) fn look(mode: &Mode) -> Self {
        let sessiond = find_process();
        let starter = sessiond.and_then(|sessiond| process::parent(sessiond.pid)).and_then(Identity::of);
        let consumers = sessiond.map_or_else(Vec::new, |sessiond| consumers(sessiond.pid));
        let mut relayd = mode.url().and_then(control_address).unwrap_or_default();
        if !is_connected(&relayd) {
            relayd.clear();
        }
        Self { sessiond, starter, consumers, relayd }
    }

    /// The session daemon's id, and the name of whoever started it.
    pub(crate) fn sessiond(&self) -> Option<(u32, Option<String>)> {
        let starter = self.starter.filter(|starter| starter.is_alive());
        Some((self.sessiond?.pid, starter.and_then(|starter| process::name(starter.pid))))
    }

    /// Those that were seen still run.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.sessiond.is_some_and(|sessiond| !sessiond.is_alive()) {
            return Err(Kind::NoSessiond.into());
        }
        if self.consumers.iter().any(|consumer| !consumer.is_alive()) {
            return Err(Kind::NoConsumer.into());
        }
        // The consumer daemon never connects again.
        if !self.relayd.is_empty() && !is_connected(&self.relayd) {
            return Err(Kind::RelaydGone.into());
        }
        match self.consumers.iter().find(|consumer| process::is_stopped(consumer.pid)) {
            Some(consumer) => Err(Kind::ConsumerStopped { pid: consumer.pid }.into()),
            None => Ok(()),
        }
    }
}

/// The consumer daemons that a session daemon has started for user space.
pub(crate) fn consumers(sessiond: u32) -> Vec<Identity> {
    let is_ours = |pid: &u32| {
        process::is_named(*pid, CONSUMER)
            && !process::arguments(*pid).iter().any(|word| word == KERNEL_CONSUMER)
    };
    process::children(sessiond).into_iter().filter(is_ours).filter_map(Identity::of).collect()
}

/// All addresses of the host that a URL like `net://HOST:CONTROL_PORT:DATA_PORT` names.
fn control_address(url: &str) -> Option<Vec<SocketAddr>> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split('/').next()?;
    let (host, ports) = match authority.strip_prefix('[') {
        Some(six) => six.split_once(']')?,
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port = ports.trim_start_matches(':').split(':').next().and_then(|port| port.parse().ok());
    (host, port.unwrap_or(CONTROL_PORT)).to_socket_addrs().ok().map(Iterator::collect)
}

fn is_connected(addresses: &[SocketAddr]) -> bool {
    sockets()
        .iter()
        .filter(|socket| Socket::is_connected(socket))
        .any(|socket| addresses.contains(&socket.remote))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_daemon_s_address_is_taken_from_its_url() {
        let address = |url: &str| control_address(url).unwrap()[0].to_string();
        assert_eq!(address("net://127.0.0.1"), "127.0.0.1:5342");
        assert_eq!(address("net://127.0.0.1:7000:7001/trace"), "127.0.0.1:7000");
        assert_eq!(address("net6://[::1]:7000"), "[::1]:7000");
        assert_eq!(address("net6://[::1]"), "[::1]:5342");
        assert_eq!(control_address("no url"), None);
    }
}
