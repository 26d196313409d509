//! A recording session of ours: made from a plan, destroyed with its value.

use std::ffi::{CStr, CString, c_char, c_int};
use std::path::Path;
use std::ptr;
use std::time::Duration;

use crate::deadline::Deadline;
use crate::error::{Error, Kind};
use crate::library::{self, Lttng, c_string};
use crate::plan::{Buffers, Mode, OnFull, Plan, Rule, Step};
use crate::sys::{self, Functions};

/// How long dropping a session waits for the daemon before it leaves the session to the next [`Lttng::open`].
const DROP_TIMEOUT: Duration = Duration::from_secs(3);

/// A session that this process made. Dropping it destroys it; what was recorded stays.
pub struct Session {
    lttng: Lttng,
    plan: Plan,
    is_active: bool,
    is_destroyed: bool,
}

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

impl Session {
    pub(crate) fn make(
        lttng: Lttng,
        plan: &Plan,
        steps: Vec<Step>,
        deadline: Deadline,
    ) -> Result<Self, Error> {
        let mut session = Self { lttng, plan: plan.clone(), is_active: false, is_destroyed: true };
        for step in steps {
            match session.take(step, deadline) {
                Ok(()) => session.is_destroyed = false,
                Err(error) => return Err(session.abandon(error)),
            }
        }
        Ok(session)
    }

    /// Ends a session that is half made. A daemon that did not answer is not asked again: the time is over.
    fn abandon(mut self, error: Error) -> Error {
        if error.is_timeout() && !self.is_destroyed {
            self.is_destroyed = true;
            self.lttng.leave_unsettled(self.plan.name());
        }
        error
    }

    /// The session's name, under which `lttng list` shows it.
    pub fn name(&self) -> &str {
        self.plan.name()
    }

    /// The plan it was made from.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The directory its trace is in; `None` when the session does not write to this machine.
    pub fn path(&self) -> Option<&Path> {
        match self.plan.mode() {
            Mode::Local { path } => Some(path),
        }
    }

    /// The session records: between [`Session::start`] and [`Session::stop`].
    pub fn is_active(&self) -> bool {
        self.is_active
    }

    /// Begins to record. Success means that the daemon agreed, not that events arrive: LTTng says "started" also when
    /// it can make no buffers.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_no_such_session`] or [`Error::is_timeout`] is true, among others.
    pub fn start(&mut self, within: Duration) -> Result<(), Error> {
        self.run(Deadline::after(within))
    }

    /// Stops recording, waits until everything recorded is written, and says what was lost.
    ///
    /// The counts are exact when nobody emits any more at the time of the call: the caller's trace flags come off
    /// first. LTTng writes a stream's final count into the packet that a stop closes; when all sub-buffers are still
    /// unread at that moment there is no room for it and the count is lost. So the session, once drained, is started
    /// and stopped once more: each stream gets one more, empty, packet, which carries its count.
    ///
    /// # Errors
    ///
    /// Returns an error when the daemon cannot be asked. Data still unwritten at the deadline is no error:
    /// [`Losses::is_final`] is false then.
    pub fn stop(&mut self, within: Duration) -> Result<Losses, Error> {
        let deadline = Deadline::after(within);
        let mut is_drained = true;
        if self.is_active {
            self.halt(deadline)?;
            is_drained = self.drain(deadline)?;
            if is_drained && self.discards_events() {
                self.run(deadline)?;
                self.halt(deadline)?;
                is_drained = self.drain(deadline)?;
            }
        }
        Ok(Losses { channels: self.count_losses(deadline)?, is_final: is_drained })
    }

    /// What is lost so far; while recording, the counts lag behind by what is not yet written.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_no_such_session`] or [`Error::is_timeout`] is true, among others.
    pub fn losses(&self, within: Duration) -> Result<Losses, Error> {
        let channels = self.count_losses(Deadline::after(within))?;
        Ok(Losses { channels, is_final: false })
    }

    /// Records more events into a channel of the session, also while it is running.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_bad_plan`] is true when the rule is not well formed.
    pub fn enable(&mut self, channel: &str, rule: &Rule, within: Duration) -> Result<(), Error> {
        self.take(rule.step(channel)?, Deadline::after(within))
    }

    /// Records an event of a channel no more; `event` is the name or pattern it was enabled with.
    ///
    /// # Errors
    ///
    /// Returns an error with LTTng's code when it was not enabled under this name.
    pub fn disable(&mut self, channel: &str, event: &str, within: Duration) -> Result<(), Error> {
        let (channel, event) = (c_string(channel)?, c_string(event)?);
        self.ask("to disable an event", Deadline::after(within), move |functions, name| {
            with_handle(functions, name, |handle| {
                // SAFETY: the handle is valid in this closure, the strings are NUL terminated and outlive the call.
                let code = unsafe { (functions.disable_event)(handle, event.as_ptr(), channel.as_ptr()) };
                library::checked(functions, "lttng_disable_event", &event.to_string_lossy(), code).map(drop)
            })
        })
    }

    /// Destroys the session, waiting until its data is written; what was recorded stays.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_timeout`] is true when the daemon did not finish in time; the session is
    /// then destroyed by the next [`Lttng::open`]. One that is gone already is no error.
    pub fn destroy(mut self, within: Duration) -> Result<(), Error> {
        self.destroy_by(Deadline::after(within))
    }

    fn destroy_by(&mut self, deadline: Deadline) -> Result<(), Error> {
        self.is_destroyed = true;
        match self.lttng.destroy_by(self.plan.name(), deadline) {
            Err(error) if error.is_no_such_session() => Ok(()),
            result => result,
        }
    }

    fn run(&mut self, deadline: Deadline) -> Result<(), Error> {
        // Whatever comes of it, it may run now.
        self.is_active = true;
        self.ask("to start tracing", deadline, |functions, name| {
            // SAFETY: the name is NUL terminated and outlives the call.
            let code = unsafe { (functions.start_tracing)(name.as_ptr()) };
            unless(sys::ERR_TRACE_ALREADY_STARTED, functions, "lttng_start_tracing", name, code)
        })
    }

    fn halt(&mut self, deadline: Deadline) -> Result<(), Error> {
        self.ask("to stop tracing", deadline, |functions, name| {
            // SAFETY: the name is NUL terminated and outlives the call.
            let code = unsafe { (functions.stop_tracing_no_wait)(name.as_ptr()) };
            unless(sys::ERR_TRACE_ALREADY_STOPPED, functions, "lttng_stop_tracing_no_wait", name, code)
        })?;
        self.is_active = false;
        Ok(())
    }

    /// Waits until the consumer has written everything; false when it has not by the deadline.
    fn drain(&self, deadline: Deadline) -> Result<bool, Error> {
        let drained = deadline.poll(|| {
            let is_pending = self.ask("whether data is pending", deadline, |functions, name| {
                // SAFETY: the name is NUL terminated and outlives the call.
                let code = unsafe { (functions.data_pending)(name.as_ptr()) };
                library::checked(functions, "lttng_data_pending", &name.to_string_lossy(), code)
            })?;
            Ok((is_pending == 0).then_some(()))
        })?;
        Ok(drained.is_some())
    }

    fn discards_events(&self) -> bool {
        self.plan.channels().iter().any(|channel| channel.full_buffers() == OnFull::Discard)
    }

    fn count_losses(&self, deadline: Deadline) -> Result<Vec<ChannelLosses>, Error> {
        self.ask("what was lost", deadline, |functions, name| {
            with_handle(functions, name, |handle| list_losses(functions, name, handle))
        })
    }

    fn take(&mut self, step: Step, deadline: Deadline) -> Result<(), Error> {
        match step {
            Step::CreateLocal { path } => {
                let path = c_string(&path.to_string_lossy())?;
                let name = c_string(self.plan.name())?;
                let what = format!("to create session {}", self.plan.name());
                self.lttng.call_about(self.plan.name(), what, deadline, move |functions| {
                    create_local(functions, &name, &path)
                })
            }
            Step::TrackOnly { vpids } => {
                self.ask("to set the process tracker", deadline, move |functions, name| {
                    track_only(functions, name, &vpids)
                })
            }
            Step::EnableChannel { channel, buffers, on_full } => {
                self.ask("to enable a channel", deadline, move |functions, name| {
                    with_handle(functions, name, |handle| {
                        enable_channel(functions, handle, &channel, buffers, on_full)
                    })
                })
            }
            Step::EnableEvent { channel, event } => {
                let channel = c_string(&channel)?;
                self.ask("to enable an event", deadline, move |functions, name| {
                    with_handle(functions, name, |handle| enable_event(functions, handle, &channel, &event))
                })
            }
        }
    }

    /// Asks the daemon something about this session, which exists.
    fn ask<T: Send + 'static>(
        &self,
        what: &str,
        deadline: Deadline,
        job: impl FnOnce(&Functions, &CStr) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let name = c_string(self.plan.name())?;
        self.lttng.call(what, deadline, move |functions| job(functions, &name))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.is_destroyed {
            // The error has nobody to go to; a timeout is remembered by `destroy_by` for the next `open`.
            let _ = self.destroy_by(Deadline::after(DROP_TIMEOUT));
        }
    }
}

/// As [`library::checked`], but `harmless` says that the state asked for was there already.
fn unless(
    harmless: c_int,
    functions: &Functions,
    call: &'static str,
    name: &CStr,
    code: c_int,
) -> Result<(), Error> {
    if code == -harmless {
        return Ok(());
    }
    library::checked(functions, call, &name.to_string_lossy(), code).map(drop)
}

fn out_of_memory(what: &str) -> Error {
    Error::system(what, "liblttng-ctl gave no memory")
}

/// Calls `body` with a handle for the session's user-space domain.
fn with_handle<T>(
    functions: &Functions,
    name: &CStr,
    body: impl FnOnce(*mut sys::Handle) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut domain = sys::Domain::ust_per_uid();
    // SAFETY: the library copies name and domain, which both outlive the call.
    let handle = unsafe { (functions.create_handle)(name.as_ptr(), &raw mut domain) };
    if handle.is_null() {
        return Err(out_of_memory("a session handle"));
    }
    let result = body(handle);
    // SAFETY: the handle is not null, was made above and is used no more.
    unsafe { (functions.destroy_handle)(handle) };
    result
}

fn create_local(functions: &Functions, name: &CStr, path: &CStr) -> Result<(), Error> {
    // SAFETY: the library copies both strings, which are NUL terminated and outlive the call.
    let descriptor = unsafe { (functions.session_descriptor_local_create)(name.as_ptr(), path.as_ptr()) };
    if descriptor.is_null() {
        return Err(Error::bad_plan(format!("LTTng takes no output directory {}", path.to_string_lossy())));
    }
    // SAFETY: the descriptor is not null, was made above, and is destroyed once after its only use.
    let code = unsafe {
        let code = (functions.create_session_ext)(descriptor);
        (functions.session_descriptor_destroy)(descriptor);
        code
    };
    if code == sys::OK {
        return Ok(());
    }
    Err(library::error_of(functions, "lttng_create_session_ext", &name.to_string_lossy(), code))
}

fn track_only(functions: &Functions, name: &CStr, vpids: &[i32]) -> Result<(), Error> {
    let mut tracker = ptr::null_mut();
    // SAFETY: the name is NUL terminated and `tracker` is a valid place for the result; both outlive the call.
    let code = unsafe {
        (functions.session_get_tracker_handle)(
            name.as_ptr(),
            sys::DOMAIN_UST,
            sys::PROCESS_ATTR_VIRTUAL_PROCESS_ID,
            &raw mut tracker,
        )
    };
    if code != sys::OK {
        return Err(library::error_of(
            functions,
            "lttng_session_get_tracker_handle",
            &name.to_string_lossy(),
            code,
        ));
    }
    // SAFETY: the library returned OK, so the tracker is valid until it is destroyed below, once.
    let set_policy = || unsafe {
        (functions.process_attr_tracker_handle_set_tracking_policy)(tracker, sys::TRACKING_POLICY_INCLUDE_SET)
    };
    let add = |vpid: i32| {
        // SAFETY: as above.
        unsafe { (functions.process_attr_virtual_process_id_tracker_handle_add_pid)(tracker, vpid) }
    };
    let result = tracker_result(name, set_policy())
        .and_then(|()| vpids.iter().try_for_each(|vpid| tracker_result(name, add(*vpid))));
    // SAFETY: as above; it is used no more.
    unsafe { (functions.process_attr_tracker_handle_destroy)(tracker) };
    result
}

fn tracker_result(name: &CStr, status: c_int) -> Result<(), Error> {
    match status {
        sys::TRACKER_STATUS_OK | sys::TRACKER_STATUS_EXISTS => Ok(()),
        sys::TRACKER_STATUS_SESSION_DOES_NOT_EXIST => {
            Err(Kind::NoSuchSession { name: name.to_string_lossy().into_owned() }.into())
        }
        status => Err(Error::system("the process tracker", format!("was refused (status {status})"))),
    }
}

fn enable_channel(
    functions: &Functions,
    handle: *mut sys::Handle,
    name: &str,
    buffers: Buffers,
    on_full: OnFull,
) -> Result<(), Error> {
    let mut domain = sys::Domain::ust_per_uid();
    // SAFETY: the library reads the domain, which outlives the call, and fills the channel with its defaults.
    let channel = unsafe { (functions.channel_create)(&raw mut domain) };
    if channel.is_null() {
        return Err(out_of_memory("a channel"));
    }
    // SAFETY: the channel is not null, was made above, and nobody else has it; it is destroyed below, once.
    let code = unsafe {
        write_text(&mut (*channel).name, name);
        let attr = &mut (*channel).attr;
        attr.overwrite = c_int::from(on_full == OnFull::Overwrite);
        attr.subbuf_size = buffers.subbuf_size;
        attr.num_subbuf = buffers.subbuf_count;
        attr.output = sys::EVENT_MMAP;
        let code = (functions.enable_channel)(handle, channel);
        (functions.channel_destroy)(channel);
        code
    };
    library::checked(functions, "lttng_enable_channel", name, code).map(drop)
}

fn enable_event(
    functions: &Functions,
    handle: *mut sys::Handle,
    channel: &CStr,
    event_name: &str,
) -> Result<(), Error> {
    // SAFETY: no arguments.
    let event = unsafe { (functions.event_create)() };
    if event.is_null() {
        return Err(out_of_memory("an event rule"));
    }
    // SAFETY: the event is not null, was made above, and nobody else has it; it is destroyed below, once. Filter and
    // exclusions may be null and 0.
    let code = unsafe {
        (*event).event_type = sys::EVENT_TRACEPOINT;
        (*event).loglevel = -1;
        write_text(&mut (*event).name, event_name);
        let code = (functions.enable_event_with_exclusions)(
            handle,
            event,
            channel.as_ptr(),
            ptr::null(),
            0,
            ptr::null_mut(),
        );
        (functions.event_destroy)(event);
        code
    };
    library::checked(functions, "lttng_enable_event_with_exclusions", event_name, code).map(drop)
}

/// Writes `text` into a fixed C array. The plan has checked that it fits, with its NUL.
fn write_text(array: &mut [c_char], text: &str) {
    array.fill(0);
    let length = array.len().saturating_sub(1);
    for (place, byte) in array.iter_mut().zip(text.bytes().take(length)) {
        *place = byte.cast_signed();
    }
}

fn list_losses(
    functions: &Functions,
    name: &CStr,
    handle: *mut sys::Handle,
) -> Result<Vec<ChannelLosses>, Error> {
    let subject: CString = name.to_owned();
    let mut array = ptr::null_mut();
    // SAFETY: the handle is valid and `array` is a valid place for the result.
    let code = unsafe { (functions.list_channels)(handle, &raw mut array) };
    let count = library::checked(functions, "lttng_list_channels", &subject.to_string_lossy(), code)?;
    let mut losses = Vec::new();
    for index in 0..usize::try_from(count).unwrap_or(0) {
        let (mut discarded_events, mut lost_packets) = (0, 0);
        // SAFETY: the library returned `count` channels at `array`; the counts are valid places for results.
        let channel = unsafe {
            let channel = array.add(index);
            (functions.channel_get_discarded_event_count)(channel, &raw mut discarded_events);
            (functions.channel_get_lost_packet_count)(channel, &raw mut lost_packets);
            library::text_of(&(*channel).name)
        };
        losses.push(ChannelLosses { channel, discarded_events, lost_packets });
    }
    // SAFETY: the library allocated the array with malloc for its caller to free, or left it null.
    unsafe { libc::free(array.cast()) };
    Ok(losses)
}
