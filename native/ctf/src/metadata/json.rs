//! CTF 2.
use super::Builder;
use crate::error::Error;
pub(super) fn parse(_text: &[u8], _builder: &mut Builder) -> Result<(), Error> {
    Err(Error::metadata("CTF 2", 1, 1))
}
