//! What LTTng takes for a name, a path, a URL, a time. Pure.

use std::path::Path;
use std::time::Duration;

use crate::error::Error;

/// LTTng makes directories and files of these names.
pub(crate) fn check_name(what: &str, name: &str, length: usize) -> Result<(), Error> {
    let is_plain =
        !name.is_empty() && name.len() < length && !name.contains(['/', '\0']) && !name.starts_with('.');
    if is_plain {
        Ok(())
    } else {
        Err(Error::bad_plan(format!(
            "invalid {what} name {name:?}: expected 1 to {} bytes without a slash, not starting with a dot",
            length - 1
        )))
    }
}

pub(crate) fn check_path(path: &Path) -> Result<(), Error> {
    let text = path
        .to_str()
        .ok_or_else(|| Error::bad_plan(format!("invalid path {}: not UTF-8", path.display())))?;
    if path.is_absolute() && !text.contains('\0') && text.len() < libc::PATH_MAX as usize {
        Ok(())
    } else {
        Err(Error::bad_plan(format!("invalid path {text:?}: expected an absolute path")))
    }
}

pub(crate) fn check_url(url: &str) -> Result<(), Error> {
    let host = url.strip_prefix("net://").or_else(|| url.strip_prefix("net6://"));
    if host.is_some_and(|host| !host.is_empty() && !host.contains('\0')) {
        Ok(())
    } else {
        Err(Error::bad_plan(format!(
            "invalid relay daemon URL {url:?}: expected net://HOST[:CONTROL_PORT[:DATA_PORT]]"
        )))
    }
}

/// LTTng counts its timers in microseconds; 0 would turn them off.
pub(crate) fn whole_micros(what: &str, period: Duration) -> Result<u64, Error> {
    match u64::try_from(period.as_micros()) {
        Ok(micros) if micros > 0 => Ok(micros),
        _ => Err(Error::bad_plan(format!(
            "invalid value {period:?} for {what}: expected a whole number of microseconds"
        ))),
    }
}
