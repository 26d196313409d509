//! The requests that make a session, one function for each kind of step.

use std::ffi::{CStr, c_char, c_int, c_uint};
use std::ptr;

use crate::call::{c_string, checked, error_of};
use crate::channel::{Channel, OnFull, Rule, Sharing};
use crate::error::{Error, Kind};
use crate::limits::whole_micros;
use crate::mode::{Mode, Output, TraceFormat};
use crate::step::Step;
use crate::sys::{self, Functions};

/// Carries out a step of session `name`.
pub(crate) fn carry_out(
    functions: &Functions,
    name: &CStr,
    sharing: Sharing,
    step: &Step,
) -> Result<(), Error> {
    match step {
        Step::Create { mode, format } => create(functions, name, mode, *format),
        Step::SetShmPath { path } => set_shm_path(functions, name, &c_string(&path.to_string_lossy())?),
        Step::TrackOnly { vpids } => track_only(functions, name, vpids),
        Step::EnableChannel { channel } => with_handle(functions, name, sharing, |handle| {
            enable_channel(functions, handle, sharing, channel)
        }),
        Step::EnableEvent { channel, rule } => {
            let channel = c_string(channel)?;
            with_handle(functions, name, sharing, |handle| enable_event(functions, handle, &channel, rule))
        }
        Step::RotateEvery { period_us } => add_schedule(
            functions,
            name,
            functions.rotation_schedule_periodic_create,
            functions.rotation_schedule_periodic_set_period,
            *period_us,
        ),
        Step::RotateAt { size } => add_schedule(
            functions,
            name,
            functions.rotation_schedule_size_threshold_create,
            functions.rotation_schedule_size_threshold_set_threshold,
            *size,
        ),
    }
}

fn out_of_memory(what: &str) -> Error {
    Error::system(what, "liblttng-ctl is out of memory")
}

fn create(functions: &Functions, name: &CStr, mode: &Mode, format: Option<TraceFormat>) -> Result<(), Error> {
    let set_format = setter(functions, format)?;
    let place = match mode {
        Mode::Streaming { output: Output::Local(path) } | Mode::Snapshot { output: Output::Local(path) } => {
            c_string(&path.to_string_lossy())?
        }
        Mode::Streaming { output: Output::Net(url) } | Mode::Snapshot { output: Output::Net(url) } => {
            c_string(url)?
        }
        Mode::Live { url, .. } => c_string(url)?,
    };
    let (name_ptr, place_ptr) = (name.as_ptr(), place.as_ptr());
    // SAFETY: the library copies the strings, which are NUL terminated and outlive the calls; a `net` URL holds both
    // ports, and the second URL is null then.
    let descriptor = unsafe {
        match mode {
            Mode::Streaming { output: Output::Local(_) } => {
                (functions.session_descriptor_local_create)(name_ptr, place_ptr)
            }
            Mode::Streaming { output: Output::Net(_) } => {
                (functions.session_descriptor_network_create)(name_ptr, place_ptr, ptr::null())
            }
            Mode::Snapshot { output: Output::Local(_) } => {
                (functions.session_descriptor_snapshot_local_create)(name_ptr, place_ptr)
            }
            Mode::Snapshot { output: Output::Net(_) } => {
                (functions.session_descriptor_snapshot_network_create)(name_ptr, place_ptr, ptr::null())
            }
            Mode::Live { interval, .. } => (functions.session_descriptor_live_network_create)(
                name_ptr,
                place_ptr,
                ptr::null(),
                whole_micros("a live session's interval", *interval)?,
            ),
        }
    };
    if descriptor.is_null() {
        return Err(Error::bad_plan(format!("LTTng refuses the output {}", place.to_string_lossy())));
    }
    // SAFETY: the descriptor is not null, was made above, and is destroyed once after its last use.
    let code = unsafe {
        let status = set_format.map(|(set, format)| set(descriptor, format));
        let is_set = status.is_none_or(|status| status == sys::SESSION_DESCRIPTOR_STATUS_OK);
        let code = is_set.then(|| (functions.create_session_ext)(descriptor));
        (functions.session_descriptor_destroy)(descriptor);
        code
    };
    match code {
        Some(sys::OK) => Ok(()),
        Some(code) => Err(error_of(functions, "lttng_create_session_ext", &name.to_string_lossy(), code)),
        None => Err(Kind::NoTraceFormat.into()),
    }
}

/// How to have the format written, where that must be said.
fn setter(
    functions: &Functions,
    format: Option<TraceFormat>,
) -> Result<Option<(sys::SetTraceFormat, c_int)>, Error> {
    match (format, functions.set_trace_format) {
        (None, _) | (Some(TraceFormat::Ctf1), None) => Ok(None),
        (Some(TraceFormat::Ctf1), Some(set)) => Ok(Some((set, sys::TRACE_FORMAT_CTF_1_8))),
        (Some(TraceFormat::Ctf2), Some(set)) => Ok(Some((set, sys::TRACE_FORMAT_CTF_2))),
        (Some(TraceFormat::Ctf2), None) => Err(Kind::NoTraceFormat.into()),
    }
}

fn set_shm_path(functions: &Functions, name: &CStr, path: &CStr) -> Result<(), Error> {
    // SAFETY: both strings are NUL terminated and outlive the call.
    let code = unsafe { (functions.set_session_shm_path)(name.as_ptr(), path.as_ptr()) };
    checked(functions, "lttng_set_session_shm_path", &path.to_string_lossy(), code).map(drop)
}

/// User space, with buffers shared in this way.
fn domain(sharing: Sharing) -> sys::Domain {
    sys::Domain::ust(match sharing {
        Sharing::PerUid => sys::BUFFER_PER_UID,
        Sharing::PerPid => sys::BUFFER_PER_PID,
    })
}

/// Calls `body` with a handle for the session's user-space domain.
pub(crate) fn with_handle<T>(
    functions: &Functions,
    name: &CStr,
    sharing: Sharing,
    body: impl FnOnce(*mut sys::Handle) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut domain = domain(sharing);
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

/// Calls `body` with the session's tracker of process ids.
pub(crate) fn with_tracker<T>(
    functions: &Functions,
    name: &CStr,
    body: impl FnOnce(*mut sys::TrackerHandle) -> Result<T, Error>,
) -> Result<T, Error> {
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
        return Err(error_of(functions, "lttng_session_get_tracker_handle", &name.to_string_lossy(), code));
    }
    let result = body(tracker);
    // SAFETY: the library returned OK, so the tracker is valid until here; it is used no more.
    unsafe { (functions.process_attr_tracker_handle_destroy)(tracker) };
    result
}

fn track_only(functions: &Functions, name: &CStr, vpids: &[i32]) -> Result<(), Error> {
    with_tracker(functions, name, |tracker| {
        // SAFETY: the tracker is valid in this closure.
        let status = unsafe {
            (functions.process_attr_tracker_handle_set_tracking_policy)(
                tracker,
                sys::TRACKING_POLICY_INCLUDE_SET,
            )
        };
        tracker_result(name, status)?;
        vpids.iter().try_for_each(|vpid| {
            // SAFETY: as above.
            let status =
                unsafe { (functions.process_attr_virtual_process_id_tracker_handle_add_pid)(tracker, *vpid) };
            tracker_result(name, status)
        })
    })
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
    sharing: Sharing,
    wanted: &Channel,
) -> Result<(), Error> {
    let mut domain = domain(sharing);
    // SAFETY: the library reads the domain, which outlives the call, and fills the channel with its defaults.
    let channel = unsafe { (functions.channel_create)(&raw mut domain) };
    if channel.is_null() {
        return Err(out_of_memory("a channel"));
    }
    // SAFETY: the channel is not null, was made above, and nobody else has it; it is destroyed below, once.
    let code = unsafe {
        write_text(&mut (*channel).name, &wanted.name);
        // LTTng 2.13 enables a channel whatever this says; 2.16 makes one with 0 and records nothing in it.
        (*channel).enabled = 1;
        fill_attributes(&mut (*channel).attr, wanted);
        let code = (functions.enable_channel)(handle, channel);
        (functions.channel_destroy)(channel);
        code
    };
    checked(functions, "lttng_enable_channel", &wanted.name, code).map(drop)
}

fn fill_attributes(attr: &mut sys::ChannelAttr, wanted: &Channel) {
    attr.overwrite = c_int::from(wanted.on_full == OnFull::Overwrite);
    attr.subbuf_size = wanted.buffers.subbuf_size;
    attr.num_subbuf = wanted.buffers.subbuf_count;
    attr.output = sys::EVENT_MMAP;
    if let Some(period) = wanted.switch_timer {
        // The plan has checked that it fits.
        attr.switch_timer_interval = c_uint::try_from(period.as_micros()).unwrap_or(c_uint::MAX);
    }
    if let Some(files) = wanted.files {
        attr.tracefile_size = files.size;
        attr.tracefile_count = files.count;
    }
}

fn enable_event(
    functions: &Functions,
    handle: *mut sys::Handle,
    channel: &CStr,
    rule: &Rule,
) -> Result<(), Error> {
    let filter = rule.filter.as_deref().map(c_string).transpose()?;
    // SAFETY: no arguments.
    let event = unsafe { (functions.event_create)() };
    if event.is_null() {
        return Err(out_of_memory("an event rule"));
    }
    // SAFETY: the event is not null, was made above, and nobody else has it; it is destroyed below, once. Filter and
    // exclusions may be null and 0; the filter is NUL terminated and outlives the call.
    let code = unsafe {
        (*event).event_type = sys::EVENT_TRACEPOINT;
        (*event).loglevel = -1;
        write_text(&mut (*event).name, &rule.event);
        let code = (functions.enable_event_with_exclusions)(
            handle,
            event,
            channel.as_ptr(),
            filter.as_ref().map_or(ptr::null(), |filter| filter.as_ptr()),
            0,
            ptr::null_mut(),
        );
        (functions.event_destroy)(event);
        code
    };
    match &rule.filter {
        Some(filter) if code == -sys::ERR_FILTER_INVAL => Err(Error::bad_plan(format!(
            "invalid filter {filter:?}: not an expression of LTTng's filter language"
        ))),
        _ => checked(functions, "lttng_enable_event_with_exclusions", &rule.event, code).map(drop),
    }
}

/// Adds one kind of rotation schedule to the session.
fn add_schedule(
    functions: &Functions,
    name: &CStr,
    create: unsafe extern "C" fn() -> *mut sys::RotationSchedule,
    set: unsafe extern "C" fn(*mut sys::RotationSchedule, u64) -> c_int,
    value: u64,
) -> Result<(), Error> {
    // SAFETY: no arguments.
    let schedule = unsafe { create() };
    if schedule.is_null() {
        return Err(out_of_memory("a rotation schedule"));
    }
    // SAFETY: the schedule is not null, was made above, and is destroyed below, once; the name is NUL terminated and
    // outlives the call. `set` is the setter of the kind that `create` makes.
    let status = unsafe {
        let mut status = set(schedule, value);
        if status == sys::ROTATION_STATUS_OK {
            status = (functions.session_add_rotation_schedule)(name.as_ptr(), schedule);
        }
        (functions.rotation_schedule_destroy)(schedule);
        status
    };
    if status == sys::ROTATION_STATUS_OK {
        return Ok(());
    }
    Err(Error::system("the rotation schedule", format!("was refused (status {status})")))
}

/// Writes `text` into a fixed C array. The plan has checked that it fits, with its NUL.
fn write_text(array: &mut [c_char], text: &str) {
    array.fill(0);
    let length = array.len().saturating_sub(1);
    for (place, byte) in array.iter_mut().zip(text.bytes().take(length)) {
        *place = byte.cast_signed();
    }
}
