//! Cuts liblttng-ctl's conversation with a session daemon that does not answer.

use std::fs;
use std::net::Shutdown;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

/// The file name of the session daemon's client socket, the same for root's and a user's daemon.
pub(crate) const CLIENT_SOCKET: &str = "client-lttng-sessiond";

/// Shuts down every connection of this process to a session daemon's client socket; returns how many.
///
/// The library's `recvmsg` then sees the end of the conversation and returns an error. The library closes the
/// descriptor itself; only the connection is ended here.
pub(crate) fn hang_up() -> usize {
    let Ok(entries) = fs::read_dir("/proc/self/fd") else { return 0 };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<RawFd>().ok())
        .filter_map(connection_to_sessiond)
        .filter(|stream| stream.shutdown(Shutdown::Both).is_ok())
        .count()
}

/// A descriptor of our own for the connection behind `fd`, when its peer is a session daemon's client socket.
fn connection_to_sessiond(fd: RawFd) -> Option<UnixStream> {
    // SAFETY: the number came from /proc/self/fd and may have been closed or reused by another thread since. It is
    // only duplicated: that fails cleanly on a closed one, and what is examined and shut down below is the duplicate,
    // which nobody else can close or replace.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    let owned: OwnedFd = borrowed.try_clone_to_owned().ok()?;
    let stream = UnixStream::from(owned);
    let peer = stream.peer_addr().ok()?;
    peer.as_pathname()?.ends_with(CLIENT_SOCKET).then_some(stream)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::unix::net::UnixListener;
    use std::time::Duration;

    #[test]
    fn ends_conversations_with_the_client_socket_and_no_others() {
        let dir = tempfile::tempdir().unwrap();
        let daemon = UnixListener::bind(dir.path().join(CLIENT_SOCKET)).unwrap();
        let other = UnixListener::bind(dir.path().join("other")).unwrap();
        let mut hung = UnixStream::connect(daemon.local_addr().unwrap().as_pathname().unwrap()).unwrap();
        let mut kept = UnixStream::connect(other.local_addr().unwrap().as_pathname().unwrap()).unwrap();

        assert_eq!(hang_up(), 1);

        assert_eq!(hung.read(&mut [0]).unwrap(), 0, "the peer's silence has become an end of file");
        kept.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        assert_eq!(kept.read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    }
}
