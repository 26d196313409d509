//! The kernel's tables of TCP sockets: `/proc/net/tcp` and `/proc/net/tcp6`.

use std::fs;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// States as the kernel numbers them.
const ESTABLISHED: u8 = 0x01;
const LISTEN: u8 = 0x0A;

/// One socket of this network namespace, of whatever process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Socket {
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    state: u8,
}

impl Socket {
    /// Both ends are there.
    pub(crate) fn is_connected(&self) -> bool {
        self.state == ESTABLISHED
    }

    /// Waits for connections, on every interface.
    pub(crate) fn listens_everywhere(&self) -> bool {
        self.state == LISTEN && self.local.ip().is_unspecified()
    }
}

/// All sockets; none where the kernel does not tell.
pub(crate) fn sockets() -> Vec<Socket> {
    let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"]
        .map(|path| fs::read_to_string(path).unwrap_or_default());
    tables.iter().flat_map(|table| parse(table)).collect()
}

fn parse(table: &str) -> impl Iterator<Item = Socket> + '_ {
    table.lines().filter_map(|line| {
        let mut columns = line.split_ascii_whitespace().skip(1);
        let (local, remote) = (address(columns.next()?)?, address(columns.next()?)?);
        Some(Socket { local, remote, state: u8::from_str_radix(columns.next()?, 16).ok()? })
    })
}

/// The address as 32-bit words in the machine's own order, a colon, the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (words, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let mut bytes = Vec::new();
    for word in words.as_bytes().chunks(8) {
        let word = u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()?;
        bytes.extend(word.to_ne_bytes());
    }
    let ip = match (<[u8; 4]>::try_from(bytes.as_slice()), <[u8; 16]>::try_from(bytes.as_slice())) {
        (Ok(four), _) => IpAddr::from(four),
        (_, Ok(sixteen)) => Ipv6Addr::from(sixteen).to_canonical(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::Deadline;
    use std::net::{Ipv4Addr, TcpListener, TcpStream};
    use std::time::Duration;

    #[cfg(target_endian = "little")]
    #[test]
    fn a_port_open_to_all_is_told_from_one_of_this_machine() {
        let table = "  sl  local_address rem_address   st\n\
            \x20  0: 00000000:14DE 00000000:0000 0A 0:0\n\
            \x20  1: 0100007F:14DF 00000000:0000 0A 0:0\n\
            \x20  2: 00000000:14E0 0100007F:9999 01 0:0\n\
            \x20  3: 0000000000000000FFFF00000100007F:14E1 0000000000000000FFFF00000100007F:9999 08 0:0\n";
        let all: Vec<Socket> = parse(table).collect();
        assert_eq!(
            all.iter().map(Socket::listens_everywhere).collect::<Vec<_>>(),
            [true, false, false, false]
        );
        assert_eq!(all.iter().map(Socket::is_connected).collect::<Vec<_>>(), [false, false, true, false]);
        assert_eq!(all[3].local, SocketAddr::from((Ipv4Addr::LOCALHOST, 0x14E1)));
    }

    #[test]
    fn a_connection_is_there_as_long_as_both_ends_are() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let is_connected =
            || sockets().iter().any(|socket| socket.is_connected() && socket.remote == address);
        assert!(!is_connected());
        let stream = TcpStream::connect(address).unwrap();
        let accepted = listener.accept().unwrap();
        assert!(is_connected());
        drop(accepted);
        let gone = Deadline::after(Duration::from_secs(10)).poll(|| Ok((!is_connected()).then_some(())));
        assert_eq!(gone, Ok(Some(())));
        drop(stream);
    }
}
