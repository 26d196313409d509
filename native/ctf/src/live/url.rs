//! Where a live session is.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Kind};

/// Port that lttng-relayd listens on for viewers.
const DEFAULT_PORT: u16 = 5344;

/// `net://RELAY[:PORT]/host/HOST/SESSION`, or `net://RELAY[:PORT]` for all sessions. IPv6 addresses are in brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveUrl {
    /// Host that lttng-relayd runs on.
    pub relay: String,
    /// Its port for viewers, 5344 by default.
    pub port: u16,
    /// Hostname of the traced system and name of the session.
    pub session: Option<(String, String)>,
}

impl FromStr for LiveUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<LiveUrl, Error> {
        let fault =
            || Error::new(Kind::Protocol, format!("{text:?} is not net://RELAY[:PORT]/host/HOST/SESSION"));
        let rest =
            ["net://", "net4://", "net6://"].iter().find_map(|p| text.strip_prefix(p)).ok_or_else(fault)?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (relay, port) = match authority.strip_prefix('[') {
            Some(v6) => {
                let (address, port) = v6.split_once(']').ok_or_else(fault)?;
                (address, port.strip_prefix(':'))
            }
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        if relay.is_empty() {
            return Err(fault());
        }
        let port = match port {
            Some(port) => port.parse().map_err(|_| fault())?,
            None => DEFAULT_PORT,
        };
        let session = match path.trim_end_matches('/').split('/').collect::<Vec<_>>().as_slice() {
            [""] => None,
            ["host", host, session] if !host.is_empty() && !session.is_empty() => {
                Some(((*host).to_owned(), (*session).to_owned()))
            }
            _ => return Err(fault()),
        };
        Ok(LiveUrl { relay: relay.to_owned(), port, session })
    }
}

impl fmt::Display for LiveUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.relay.contains(':') {
            write!(f, "net://[{}]:{}", self.relay, self.port)?;
        } else {
            write!(f, "net://{}:{}", self.relay, self.port)?;
        }
        match &self.session {
            Some((host, session)) => write!(f, "/host/{host}/{session}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_and_written() {
        for (text, written) in [
            ("net://localhost", "net://localhost:5344"),
            ("net://relay:1234/host/web1/my-session/", "net://relay:1234/host/web1/my-session"),
            ("net6://[::1]:7/host/a/b", "net://[::1]:7/host/a/b"),
            ("net4://10.0.0.1/", "net://10.0.0.1:5344"),
        ] {
            let url: LiveUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), written);
        }
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for text in [
            "",
            "http://a",
            "net://",
            "net://a/b",
            "net://a/host/b",
            "net://a:x",
            "net://[::1",
            "net://a/host//s",
        ] {
            let fault = text.parse::<LiveUrl>().unwrap_err();
            assert!(fault.is_protocol(), "{text}");
        }
    }
}
