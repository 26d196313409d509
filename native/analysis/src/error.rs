//! The crate's one error type.

use std::fmt;

/// Why a trace could not be analysed.
pub struct Error(Box<Inner>);

enum Inner {
    Trace(beamtap_ctf::Error),
    Mismatch(String),
    UnknownAnalysis(String),
}

impl Error {
    pub(crate) fn mismatch(what: String) -> Error {
        Error(Box::new(Inner::Mismatch(what)))
    }

    pub(crate) fn unknown_analysis(name: &str) -> Error {
        Error(Box::new(Inner::UnknownAnalysis(name.to_owned())))
    }

    /// The bytes of the trace could not be read: they are cut off or damaged, or the operating system refused.
    pub fn is_trace(&self) -> bool {
        matches!(*self.0, Inner::Trace(_))
    }

    /// The trace was recorded by a version of beamtap with other events.
    pub fn is_mismatch(&self) -> bool {
        matches!(*self.0, Inner::Mismatch(_))
    }

    /// There is no analysis of that name.
    pub fn is_unknown_analysis(&self) -> bool {
        matches!(*self.0, Inner::UnknownAnalysis(_))
    }
}

impl From<beamtap_ctf::Error> for Error {
    fn from(error: beamtap_ctf::Error) -> Error {
        Error(Box::new(Inner::Trace(error)))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Inner::Trace(error) => error.fmt(f),
            Inner::Mismatch(what) => f.write_str(what),
            Inner::UnknownAnalysis(name) => write!(f, "there is no analysis {name}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({self})")
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.0 {
            Inner::Trace(error) => error.source(),
            Inner::Mismatch(_) | Inner::UnknownAnalysis(_) => None,
        }
    }
}
