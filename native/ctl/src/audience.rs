//! Sessions that record a provider's events, whoever made them.

use std::ffi::CStr;
use std::ptr;

use crate::channel::Sharing;
use crate::error::Error;
use crate::library::{SessionInfo, c_string, checked, list_sessions, text_of};
use crate::losses::list_channels;
use crate::steps::with_handle;
use crate::sys::{self, Functions};

/// The sessions that are recording and have an event of one of the providers enabled.
pub(crate) fn list(functions: &Functions, providers: &[String]) -> Result<Vec<SessionInfo>, Error> {
    let mut found = Vec::new();
    for session in list_sessions(functions)?.into_iter().filter(|session| session.is_active) {
        match has_event(functions, &c_string(&session.name)?, providers) {
            Ok(true) => found.push(session),
            Ok(false) => {}
            // It ended meanwhile.
            Err(error) if error.is_no_such_session() => {}
            // One without user-space events.
            Err(error) if error.lttng_code().is_some() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn has_event(functions: &Functions, name: &CStr, providers: &[String]) -> Result<bool, Error> {
    // How buffers are shared matters to those who make channels.
    with_handle(functions, name, Sharing::default(), |handle| {
        for channel in list_channels(functions, name, handle)? {
            let patterns = list_events(functions, handle, &c_string(&channel)?)?;
            if patterns.iter().any(|pattern| providers.iter().any(|provider| matches(pattern, provider))) {
                return Ok(true);
            }
        }
        Ok(false)
    })
}

/// Names and patterns of the events that are enabled in a channel.
fn list_events(
    functions: &Functions,
    handle: *mut sys::Handle,
    channel: &CStr,
) -> Result<Vec<String>, Error> {
    let mut array = ptr::null_mut();
    // SAFETY: the handle is valid, the name is NUL terminated, `array` is a valid place for the result; all outlive the
    // call.
    let code = unsafe { (functions.list_events)(handle, channel.as_ptr(), &raw mut array) };
    let count = checked(functions, "lttng_list_events", &channel.to_string_lossy(), code)?;
    let mut patterns = Vec::new();
    for index in 0..usize::try_from(count).unwrap_or(0) {
        // SAFETY: the library returned `count` structures at `array`.
        let event = unsafe { &*array.add(index) };
        if event.enabled != 0 {
            patterns.push(text_of(&event.name));
        }
    }
    // SAFETY: the library allocated the array with malloc for its caller to free, or left it null.
    unsafe { libc::free(array.cast()) };
    Ok(patterns)
}

/// Whether the pattern can mean an event of the provider.
fn matches(pattern: &str, provider: &str) -> bool {
    let stem = pattern.split('*').next().unwrap_or_default();
    match stem.strip_prefix(provider) {
        Some(rest) => rest.starts_with(':') || (rest.is_empty() && stem.len() < pattern.len()),
        None => stem.len() < pattern.len() && provider.starts_with(stem),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_reach_as_far_as_lttng_takes_them() {
        for pattern in ["*", "beam*", "beamtap*", "beamtap:*", "beamtap:call", "beamtap:c*l"] {
            assert!(matches(pattern, "beamtap"), "{pattern}");
        }
        for pattern in ["", "beamtap", "beamtapd:*", "beamta:call", "b", "other:*", "tap:call", "beamtapd*"] {
            assert!(!matches(pattern, "beamtap"), "{pattern}");
        }
    }
}
