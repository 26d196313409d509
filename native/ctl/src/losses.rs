//! What LTTng itself counts as missing.

use std::ffi::CStr;
use std::ptr;

use crate::call::{checked, text_of};
use crate::error::Error;
use crate::sys::{self, Functions};

/// What LTTng itself knows to be missing from the trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// One entry for each channel of the session.
    pub channels: Vec<ChannelLosses>,
    /// Every buffer was written out when the counts were taken: they are final. When false, the consumer was still
    /// writing at the deadline, and both the trace and the counts may yet grow.
    pub is_final: bool,
}

/// The losses of one channel, over all its streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelLosses {
    /// The channel's name.
    pub channel: String,
    /// Events that found no free sub-buffer (discard mode).
    pub discarded_events: u64,
    /// Packets that were overwritten before they were read (overwrite mode).
    pub lost_packets: u64,
}

impl Losses {
    /// Events discarded in all channels.
    pub fn discarded_events(&self) -> u64 {
        self.channels.iter().map(|channel| channel.discarded_events).sum()
    }

    /// Packets lost in all channels.
    pub fn lost_packets(&self) -> u64 {
        self.channels.iter().map(|channel| channel.lost_packets).sum()
    }
}

/// Asks for the losses of each channel of a session.
pub(crate) fn list_losses(
    functions: &Functions,
    name: &CStr,
    handle: *mut sys::Handle,
) -> Result<Vec<ChannelLosses>, Error> {
    each_channel(functions, name, handle, |channel| {
        let (mut discarded_events, mut lost_packets) = (0, 0);
        // SAFETY: the library listed the channel; the counts are valid places for results.
        let name = unsafe {
            (functions.channel_get_discarded_event_count)(channel, &raw mut discarded_events);
            (functions.channel_get_lost_packet_count)(channel, &raw mut lost_packets);
            text_of(&(*channel).name)
        };
        ChannelLosses { channel: name, discarded_events: without_wraps(discarded_events), lost_packets }
    })
}

/// Asks for the names of a session's channels that are enabled.
pub(crate) fn list_channels(
    functions: &Functions,
    name: &CStr,
    handle: *mut sys::Handle,
) -> Result<Vec<String>, Error> {
    let channels = each_channel(functions, name, handle, |channel| {
        // SAFETY: the library listed the channel.
        let channel = unsafe { &*channel };
        (channel.enabled != 0).then(|| text_of(&channel.name))
    })?;
    Ok(channels.into_iter().flatten().collect())
}

fn each_channel<T>(
    functions: &Functions,
    name: &CStr,
    handle: *mut sys::Handle,
    read: impl Fn(*mut sys::Channel) -> T,
) -> Result<Vec<T>, Error> {
    let mut array = ptr::null_mut();
    // SAFETY: the handle is valid and `array` is a valid place for the result.
    let code = unsafe { (functions.list_channels)(handle, &raw mut array) };
    let count = checked(functions, "lttng_list_channels", &name.to_string_lossy(), code)?;
    // SAFETY: the library returned `count` channels at `array`.
    let channels = (0..usize::try_from(count).unwrap_or(0)).map(|index| read(unsafe { array.add(index) }));
    let found = channels.collect();
    // SAFETY: the library allocated the array with malloc for its caller to free, or left it null.
    unsafe { libc::free(array.cast()) };
    Ok(found)
}

/// The count without what the consumer daemon adds for wrap-arounds that were none.
///
/// lttng-ust now and then closes a sub-buffer with a counter of 0 between two that go on counting; the consumer daemon
/// takes each for a wrap-around and adds 2^63. Nothing else reaches that bit.
fn without_wraps(discarded_events: u64) -> u64 {
    discarded_events & (u64::MAX >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_that_were_none_are_taken_off() {
        assert_eq!(without_wraps(723_288), 723_288);
        assert_eq!(without_wraps(9_223_372_036_855_499_096), 723_288);
    }
}
