//! Sessions that have a provider's events enabled, whoever made them.

use std::ffi::{CStr, c_int};
use std::ptr;

use crate::call::{c_string, checked, text_of};
use crate::channel::Sharing;
use crate::error::Error;
use crate::losses::list_channels;
use crate::requests::{with_handle, with_tracker};
use crate::sessions::{self, SessionInfo};
use crate::snapshot;
use crate::sys::{self, Functions};

/// A session that records, or would when it is started, events of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The session. The path of a flight recorder is that of its first output.
    pub session: SessionInfo,
    /// Names and patterns of the provider's events that are enabled in it (`provider:*`), each once, in order.
    pub events: Vec<String>,
}

/// The sessions that have an event of one of the providers enabled, and record the process `vpid`.
pub(crate) fn list(
    functions: &Functions,
    providers: &[String],
    vpid: libc::pid_t,
) -> Result<Vec<Listener>, Error> {
    let mut found = Vec::new();
    for mut session in sessions::list(functions)? {
        match look(functions, &mut session, providers, vpid) {
            Ok(events) if events.is_empty() => {}
            Ok(events) => found.push(Listener { session, events }),
            // It ended meanwhile.
            Err(error) if error.is_no_such_session() => {}
            // One without user-space events.
            Err(error) if error.lttng_code().is_some() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// The providers' events that are enabled; none where the process is not recorded.
fn look(
    functions: &Functions,
    session: &mut SessionInfo,
    providers: &[String],
    vpid: libc::pid_t,
) -> Result<Vec<String>, Error> {
    let name = c_string(&session.name)?;
    let events = list_enabled(functions, &name, providers)?;
    if events.is_empty() || !is_tracked(functions, &name, vpid)? {
        return Ok(Vec::new());
    }
    if session.is_snapshot && session.path.is_empty() {
        session.path = snapshot::first_output(functions, &name)?.unwrap_or_default();
    }
    Ok(events)
}

fn list_enabled(functions: &Functions, name: &CStr, providers: &[String]) -> Result<Vec<String>, Error> {
    // How buffers are shared matters to those who make channels.
    with_handle(functions, name, Sharing::default(), |handle| {
        let mut events = Vec::new();
        for channel in list_channels(functions, name, handle)? {
            let patterns = list_events(functions, handle, &c_string(&channel)?)?;
            let is_ours = |pattern: &String| providers.iter().any(|provider| matches(pattern, provider));
            events.extend(patterns.into_iter().filter(is_ours));
        }
        events.sort_unstable();
        events.dedup();
        Ok(events)
    })
}

/// Whether the session records the process, as far as its id decides.
fn is_tracked(functions: &Functions, name: &CStr, vpid: libc::pid_t) -> Result<bool, Error> {
    let status = |status: c_int| match status {
        sys::TRACKER_STATUS_OK => Ok(()),
        status => Err(Error::system("the process tracker", format!("cannot be read (status {status})"))),
    };
    with_tracker(functions, name, |tracker| {
        let mut policy = 0;
        // SAFETY: the tracker is valid in this closure and `policy` is a valid place for the result.
        status(unsafe {
            (functions.process_attr_tracker_handle_get_tracking_policy)(tracker, &raw mut policy)
        })?;
        if policy != sys::TRACKING_POLICY_INCLUDE_SET {
            return Ok(policy == sys::TRACKING_POLICY_INCLUDE_ALL);
        }
        let mut values = ptr::null();
        // SAFETY: as above. The values are the tracker's, which outlives this closure.
        status(unsafe {
            (functions.process_attr_tracker_handle_get_inclusion_set)(tracker, &raw mut values)
        })?;
        let mut count = 0;
        // SAFETY: the library returned the values; all places for results are valid.
        unsafe {
            (functions.process_attr_values_get_count)(values, &raw mut count);
            Ok((0..count).any(|index| {
                let mut tracked = 0;
                (functions.process_attr_values_get_pid_at_index)(values, index, &raw mut tracked);
                tracked == vpid
            }))
        }
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
