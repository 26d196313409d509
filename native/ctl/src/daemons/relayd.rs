//! A relay daemon of our own, for live sessions.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use super::child::{DROP_TIMEOUT, Lifetime, Started, find_daemon};
use crate::call::Lttng;
use crate::deadline::Deadline;
use crate::error::{Error, Kind};
use crate::tcp_table::sockets;

/// LTTng's own variable for the path of its relay daemon.
pub(crate) const RELAYD_PATH: &str = "LTTNG_RELAYD_PATH";
/// Another process may take a port between our look and the daemon's start.
const ATTEMPTS: u32 = 3;

/// A relay daemon that we started; it listens on 127.0.0.1 only.
pub struct Relayd {
    ours: Option<Started>,
    ports: Ports,
}

#[derive(Clone, Copy)]
struct Ports {
    control: u16,
    data: u16,
    live: u16,
}

/// Starts a relay daemon that writes below `output`, on free ports of 127.0.0.1.
///
/// LTTng's own default is to listen on every interface, without any authentication.
///
/// # Errors
///
/// Returns an error for which [`Error::is_no_relayd`] is true when the program is missing or ended with a reason,
/// [`Error::is_timeout`] when it did not answer in time.
pub fn start_relayd(
    lttng: &Lttng,
    output: &Path,
    lifetime: Lifetime,
    within: Duration,
) -> Result<Relayd, Error> {
    let deadline = Deadline::after(within);
    let program = find_daemon(RELAYD_PATH, "lttng-relayd").ok_or(Kind::NoRelaydProgram)?;
    let mut reason = String::new();
    for _ in 0..ATTEMPTS {
        let ports = Ports::free()?;
        let started = Started::spawn(lttng, &program, &ports.arguments(output), lifetime.clone(), deadline)?;
        let mut relayd = Relayd { ours: Some(started), ports };
        let is_alive = deadline.poll(|| {
            if relayd.has_ended() {
                return Ok(Some(false));
            }
            Ok(ports.all().into_iter().all(answers).then_some(true))
        })?;
        match is_alive {
            Some(true) => return Ok(relayd),
            Some(false) => reason = relayd.ours.as_mut().map(Started::last_word).unwrap_or_default(),
            None => {
                // The error below is the one to tell, and the time is over.
                if let Some(started) = relayd.ours.take() {
                    started.end_behind();
                }
                return Err(Error::timeout("for the relay daemon's ports", deadline.within()));
            }
        }
    }
    Err(Kind::RelaydFailed { reason }.into())
}

impl Relayd {
    /// Where sessions send their events: for [`Mode`](crate::Mode) and [`Output::Net`](crate::Output::Net).
    pub fn url(&self) -> String {
        format!("net://127.0.0.1:{}:{}", self.ports.control, self.ports.data)
    }

    /// The port of 127.0.0.1 where viewers of live sessions connect.
    pub fn live_port(&self) -> u16 {
        self.ports.live
    }

    /// Its process id.
    pub fn pid(&self) -> Option<u32> {
        self.ours.as_ref().map(Started::pid)
    }

    /// It still runs.
    pub fn is_alive(&mut self) -> bool {
        !self.has_ended()
    }

    /// Waits until no viewer is connected: those of a session that has ended read what is left and go. Answers whether
    /// that came true in time.
    pub fn await_viewers(&self, within: Duration) -> bool {
        Deadline::after(within)
            .poll(|| Ok((!self.has_viewers()).then_some(())))
            .is_ok_and(|gone| gone.is_some())
    }

    fn has_viewers(&self) -> bool {
        sockets().iter().any(|socket| socket.is_connected() && socket.local.port() == self.ports.live)
    }

    /// Ends it: orderly first, killed after a part of the time.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_timeout`] is true when it could not even be killed in time.
    pub fn stop(mut self, within: Duration) -> Result<(), Error> {
        self.end(Deadline::after(within))
    }

    fn has_ended(&mut self) -> bool {
        self.ours.as_mut().is_some_and(Started::has_ended)
    }

    fn end(&mut self, deadline: Deadline) -> Result<(), Error> {
        match self.ours.take() {
            Some(started) => started.end(deadline),
            None => Ok(()),
        }
    }
}

impl Drop for Relayd {
    fn drop(&mut self) {
        if self.ours.as_ref().is_some_and(Started::is_bound) {
            // Nobody is left to be told; the kernel ends it with this process at the latest.
            let _ = self.end(Deadline::after(DROP_TIMEOUT));
        }
    }
}

impl Ports {
    /// Three ports that are free now. All are held until the last is known, so that they differ.
    fn free() -> Result<Self, Error> {
        let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listeners = (|| Ok([listen()?, listen()?, listen()?]))()
            .map_err(|error: std::io::Error| Error::system("a free port of 127.0.0.1", error))?;
        let port = |listener: &TcpListener| {
            let address = listener.local_addr();
            address.map(|address| address.port()).map_err(|error| Error::system("a port's number", error))
        };
        let [control, data, live] = &listeners;
        Ok(Self { control: port(control)?, data: port(data)?, live: port(live)? })
    }

    fn all(self) -> [u16; 3] {
        [self.control, self.data, self.live]
    }

    fn arguments(self, output: &Path) -> Vec<String> {
        let url = |port: u16| format!("tcp://127.0.0.1:{port}");
        vec![
            "--control-port".into(),
            url(self.control),
            "--data-port".into(),
            url(self.data),
            "--live-port".into(),
            url(self.live),
            "--output".into(),
            output.to_string_lossy().into_owned(),
        ]
    }
}

/// Somebody accepts connections on the port.
fn answers(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok()
}
