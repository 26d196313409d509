//! The crate's one error type.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why and where a trace could not be read.
///
/// The predicates tell the kind of fault. `Display` has the stream file, the packet and the byte offset, or the line
/// and column in the metadata.
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    what: String,
    path: Option<PathBuf>,
    packet: Option<u64>,
    offset: Option<u64>,
    position: Option<(u32, u32)>,
    source: Option<io::Error>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Io,
    NotATrace,
    Metadata,
    Truncated,
    Corrupt,
    /// Corrupt, unless metadata that describes the class is still to come.
    UnknownClass,
    Limit,
    Protocol,
    Disconnected,
}

impl Error {
    pub(crate) fn new(kind: Kind, what: impl Into<String>) -> Error {
        Error(Box::new(Inner {
            kind,
            what: what.into(),
            path: None,
            packet: None,
            offset: None,
            position: None,
            source: None,
        }))
    }

    pub(crate) fn io(what: impl Into<String>, path: &Path, source: io::Error) -> Error {
        let mut error = Error::new(Kind::Io, what);
        error.0.source = Some(source);
        error.in_file(path)
    }

    pub(crate) fn with_source(kind: Kind, what: impl Into<String>, source: io::Error) -> Error {
        let mut error = Error::new(kind, what);
        error.0.source = Some(source);
        error
    }

    pub(crate) fn metadata(what: impl Into<String>, line: u32, column: u32) -> Error {
        let mut error = Error::new(Kind::Metadata, what);
        error.0.position = Some((line, column));
        error
    }

    pub(crate) fn in_file(mut self, path: &Path) -> Error {
        if self.0.path.is_none() {
            self.0.path = Some(path.to_path_buf());
        }
        self
    }

    pub(crate) fn at_packet(mut self, packet: u64, offset: u64) -> Error {
        self.0.packet = Some(packet);
        self.0.offset = Some(offset);
        self
    }

    /// The directory has no CTF trace: no `metadata` file in it or below it.
    pub fn is_not_a_trace(&self) -> bool {
        self.0.kind == Kind::NotATrace
    }

    /// The metadata is not valid TSDL or CTF 2 JSON, or describes something that cannot be read.
    pub fn is_metadata(&self) -> bool {
        self.0.kind == Kind::Metadata
    }

    /// A stream ends in the middle of a packet or an event.
    pub fn is_truncated(&self) -> bool {
        self.0.kind == Kind::Truncated
    }

    /// The bytes of a stream contradict the metadata or each other.
    pub fn is_corrupt(&self) -> bool {
        matches!(self.0.kind, Kind::Corrupt | Kind::UnknownClass)
    }

    pub(crate) fn is_unknown_class(&self) -> bool {
        self.0.kind == Kind::UnknownClass
    }

    /// The trace is beyond one of this reader's limits of memory or time.
    pub fn is_limit(&self) -> bool {
        self.0.kind == Kind::Limit
    }

    /// The operating system refused to read a file or a socket.
    pub fn is_io(&self) -> bool {
        self.0.kind == Kind::Io
    }

    /// A file or directory does not exist, or no longer exists.
    pub fn is_not_found(&self) -> bool {
        self.0.source.as_ref().is_some_and(|source| source.kind() == io::ErrorKind::NotFound)
    }

    /// The relay daemon refused, or its answer breaks the LTTng-live protocol.
    pub fn is_protocol(&self) -> bool {
        self.0.kind == Kind::Protocol
    }

    /// The connection to the relay daemon failed or was lost.
    pub fn is_disconnected(&self) -> bool {
        self.0.kind == Kind::Disconnected
    }

    /// The file with the fault, if it is in a file.
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// Index of the packet in its file, from 0.
    pub fn packet(&self) -> Option<u64> {
        self.0.packet
    }

    /// Offset of the fault in its file, in bytes.
    pub fn byte_offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// Line and column in the metadata text, both from 1.
    pub fn line_column(&self) -> Option<(u32, u32)> {
        self.0.position
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.0.path {
            write!(f, "{}", path.display())?;
            if let Some((line, column)) = self.0.position {
                write!(f, ":{line}:{column}")?;
            }
            write!(f, ": ")?;
        } else if let Some((line, column)) = self.0.position {
            write!(f, "metadata:{line}:{column}: ")?;
        }
        if let (Some(packet), Some(offset)) = (self.0.packet, self.0.offset) {
            write!(f, "packet {packet}, byte {offset}: ")?;
        }
        write!(f, "{}", self.0.what)?;
        if let Some(source) = &self.0.source {
            write!(f, ": {source}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({:?}: {self})", self.0.kind)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|e| e as _)
    }
}

/// What went wrong while decoding bytes, before it is known which stream and packet they are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The bytes at hand end before the field does.
    PastEnd,
    /// A variant's selector has a value that no option is for.
    NoOption(u64),
    /// An event record names an event class that the metadata does not describe.
    NoEventClass(u64),
    /// An array or sequence has more elements than the packet has room for.
    TooManyElements(u64),
    /// A variable-length integer has more than 64 bits.
    LongInteger,
    /// A record of no size would repeat for ever.
    EmptyRecord,
    /// A clock value is outside the time that 64 bits of nanoseconds can tell.
    TimeOverflow,
}

impl Fault {
    pub(crate) fn into_error(self) -> Error {
        match self {
            Fault::PastEnd => {
                Error::new(Kind::Corrupt, "a field reaches past the end of the packet's content")
            }
            Fault::NoOption(v) => Error::new(
                Kind::Corrupt,
                format!("no option of the variant is for selector value {}", v as i64),
            ),
            Fault::NoEventClass(id) => {
                Error::new(Kind::UnknownClass, format!("event class id {id} is not in the metadata"))
            }
            Fault::TooManyElements(n) => {
                Error::new(Kind::Corrupt, format!("{n} array elements are more than the packet can hold"))
            }
            Fault::LongInteger => {
                Error::new(Kind::Corrupt, "a variable-length integer has more than 64 bits")
            }
            Fault::EmptyRecord => {
                Error::new(Kind::Corrupt, "an event record of 0 bits would repeat without end")
            }
            Fault::TimeOverflow => {
                Error::new(Kind::Corrupt, "a timestamp does not fit in 64 bits of nanoseconds")
            }
        }
    }
}
