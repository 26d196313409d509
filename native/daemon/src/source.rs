//! What is read: a recorded trace or a live session.

use beamtap_ctf::LiveUrl;
use std::ffi::OsString;
use std::path::PathBuf;

/// Where events come from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A recorded trace.
    Directory(PathBuf),
    /// A session of a relay daemon, while it is recorded.
    Live(LiveUrl),
}

impl Source {
    /// Takes what begins as a URL of LTTng's for one, and all else for a directory.
    pub(crate) fn parse(text: OsString) -> Result<Source, String> {
        match text.to_str().filter(|text| text.starts_with("net") && text.contains("://")) {
            Some(url) => url.parse().map(Source::Live).map_err(|error: beamtap_ctf::Error| error.to_string()),
            None => Ok(Source::Directory(text.into())),
        }
    }
}
