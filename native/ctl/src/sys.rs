//! liblttng-ctl as C declares it: structures, constants and a table of its functions.
//!
//! Layouts are those of the 2.13 headers, which 2.14 to 2.16 keep (soname 0); the test in `layout.rs` compares them with
//! the installed headers.

use std::ffi::{c_char, c_int, c_uint, c_ulonglong, c_void};

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

use crate::error::{Error, Kind};

#[cfg(test)]
mod layout;

pub(crate) const SONAME: &str = "liblttng-ctl.so.0";

pub(crate) const NAME_MAX: usize = 255;
pub(crate) const SYMBOL_NAME_LEN: usize = 256;
const PATH_MAX: usize = 4096;

pub(crate) const OK: c_int = 10;
pub(crate) const ERR_NO_SESSION: c_int = 16;
pub(crate) const ERR_CREATE_DIR_FAIL: c_int = 17;
pub(crate) const ERR_NO_SESSIOND: c_int = 19;
pub(crate) const ERR_SESS_NOT_FOUND: c_int = 23;
pub(crate) const ERR_EXIST_SESS: c_int = 28;
pub(crate) const ERR_CONNECT_FAIL: c_int = 30;
pub(crate) const ERR_EPERM: c_int = 32;
pub(crate) const ERR_TRACE_ALREADY_STARTED: c_int = 80;
pub(crate) const ERR_TRACE_ALREADY_STOPPED: c_int = 81;
pub(crate) const ERR_NO_USTCONSUMERD: c_int = 98;
pub(crate) const ERR_FATAL: c_int = 25;
pub(crate) const ERR_ROTATION_PENDING: c_int = 129;
pub(crate) const ERR_RELAYD_CONNECT_FAIL: c_int = 104;
pub(crate) const ERR_FILTER_INVAL: c_int = 106;
pub(crate) const ERR_MKDIR_FAIL_CONSUMER: c_int = 145;
pub(crate) const ERR_SESSION_NOT_EXIST: c_int = 148;

pub(crate) const DOMAIN_UST: c_int = 2;
pub(crate) const BUFFER_PER_PID: c_int = 0;
pub(crate) const BUFFER_PER_UID: c_int = 1;
pub(crate) const EVENT_TRACEPOINT: c_int = 0;
pub(crate) const EVENT_MMAP: c_int = 1;
pub(crate) const PROCESS_ATTR_VIRTUAL_PROCESS_ID: c_int = 1;
pub(crate) const TRACKING_POLICY_INCLUDE_ALL: c_int = 0;
pub(crate) const TRACKING_POLICY_INCLUDE_SET: c_int = 2;
pub(crate) const TRACKER_STATUS_OK: c_int = 0;
pub(crate) const TRACKER_STATUS_EXISTS: c_int = 1;
pub(crate) const TRACKER_STATUS_SESSION_DOES_NOT_EXIST: c_int = -4;
pub(crate) const DESTRUCTION_STATUS_COMPLETED: c_int = 1;
pub(crate) const DESTRUCTION_STATUS_TIMEOUT: c_int = 2;
pub(crate) const ROTATION_STATUS_OK: c_int = 0;
pub(crate) const ROTATION_STATE_ONGOING: c_int = 1;
pub(crate) const ROTATION_STATE_COMPLETED: c_int = 2;
pub(crate) const LOCATION_TYPE_LOCAL: c_int = 1;
pub(crate) const TRACE_FORMAT_CTF_1_8: c_int = 1;
pub(crate) const TRACE_FORMAT_CTF_2: c_int = 2;
pub(crate) const SESSION_DESCRIPTOR_STATUS_OK: c_int = 0;
pub(crate) const LOCATION_STATUS_OK: c_int = 0;

/// `struct lttng_domain`.
#[repr(C)]
pub(crate) struct Domain {
    pub(crate) domain_type: c_int,
    pub(crate) buf_type: c_int,
    padding: [u8; 12],
    attr: [u32; (SYMBOL_NAME_LEN + 32) / 4],
}

/// `struct lttng_channel_attr`.
#[repr(C)]
pub(crate) struct ChannelAttr {
    pub(crate) overwrite: c_int,
    pub(crate) subbuf_size: u64,
    pub(crate) num_subbuf: u64,
    pub(crate) switch_timer_interval: c_uint,
    pub(crate) read_timer_interval: c_uint,
    pub(crate) output: c_int,
    pub(crate) tracefile_size: u64,
    pub(crate) tracefile_count: u64,
    live_timer_interval: c_uint,
    align_to_64: u32,
    extended: *mut c_void,
    padding: [u8; SYMBOL_NAME_LEN + 12],
}

/// `struct lttng_channel`. Made by [`Functions::channel_create`] or listed by the library, never by us: `extended`
/// points to what only the library knows.
#[repr(C)]
pub(crate) struct Channel {
    pub(crate) name: [c_char; SYMBOL_NAME_LEN],
    pub(crate) enabled: u32,
    pub(crate) attr: ChannelAttr,
    padding: [u8; 16],
}

/// `struct lttng_event`. Made by [`Functions::event_create`] or listed by the library.
#[repr(C)]
pub(crate) struct Event {
    pub(crate) event_type: c_int,
    pub(crate) name: [c_char; SYMBOL_NAME_LEN],
    loglevel_type: c_int,
    pub(crate) loglevel: c_int,
    pub(crate) enabled: i32,
    pid: i32,
    filter: u8,
    exclusion: u8,
    padding2: [u8; 2],
    flags: c_uint,
    padding: [u8; 4],
    extended: *mut c_void,
    attr: [u64; (SYMBOL_NAME_LEN + 32) / 8],
}

/// `struct lttng_session`.
#[repr(C)]
pub(crate) struct Session {
    pub(crate) name: [c_char; NAME_MAX],
    pub(crate) path: [c_char; PATH_MAX],
    pub(crate) enabled: u32,
    pub(crate) snapshot_mode: u32,
    pub(crate) live_timer_interval: c_uint,
    alignment_padding: [u8; 4],
    extended: *mut c_void,
}

impl Domain {
    /// User space.
    pub(crate) fn ust(buf_type: c_int) -> Self {
        Self { domain_type: DOMAIN_UST, buf_type, padding: [0; 12], attr: [0; 72] }
    }
}

macro_rules! opaque {
    ($($name:ident)*) => { $(
        #[repr(C)]
        pub(crate) struct $name { _private: [u8; 0] }
    )* };
}
opaque! {
    Handle SessionDescriptor TrackerHandle ProcessAttrValues DestructionHandle SnapshotOutput SnapshotOutputList
    RotationHandle RotationSchedule ArchiveLocation
}

/// An object of the library's, on its way from one call to the next.
pub(crate) struct Foreign<T>(*mut T);

impl<T> Foreign<T> {
    pub(crate) fn new(pointer: *mut T) -> Self {
        Self(pointer)
    }

    pub(crate) fn get(self) -> *mut T {
        self.0
    }
}

impl<T> Clone for Foreign<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Foreign<T> {}

// SAFETY: the pointer is followed on the library's one thread only, inside jobs; elsewhere it is a number.
unsafe impl<T> Send for Foreign<T> {}

pub(crate) type SetTraceFormat = unsafe extern "C" fn(*mut SessionDescriptor, c_int) -> c_int;
const SET_TRACE_FORMAT: &str = "lttng_session_descriptor_set_trace_format";

macro_rules! functions {
    ($( fn $name:ident($($arg:ty),*) $(-> $ret:ty)?; )*) => {
        /// The library's functions, found by name once. Valid for as long as the process lives: the library is never
        /// closed.
        #[derive(Clone, Copy)]
        pub(crate) struct Functions {
            $( pub(crate) $name: unsafe extern "C" fn($($arg),*) $(-> $ret)?, )*
            /// From 2.15 on; before, there is one format.
            pub(crate) set_trace_format: Option<SetTraceFormat>,
        }

        impl Functions {
            fn find(library: &Library) -> Result<Self, Error> {
                Ok(Self { $( $name: {
                    const SYMBOL: &str = concat!("lttng_", stringify!($name));
                    // SAFETY: the type is that of the function's declaration in lttng.h (2.13), which the library's
                    // soname promises to keep.
                    *unsafe { library.get::<unsafe extern "C" fn($($arg),*) $(-> $ret)?>(SYMBOL) }
                        .map_err(|_| Error::from(Kind::OldLibrary { symbol: SYMBOL }))?
                }, )*
                // SAFETY: the type is that of the function's declaration in session-descriptor.h (2.15 to 2.16).
                set_trace_format: unsafe { library.get::<SetTraceFormat>(SET_TRACE_FORMAT) }.ok().map(|found| *found),
                })
            }
        }
    };
}

functions! {
    fn session_daemon_alive() -> c_int;
    fn strerror(c_int) -> *const c_char;

    fn session_descriptor_local_create(*const c_char, *const c_char) -> *mut SessionDescriptor;
    fn session_descriptor_network_create(*const c_char, *const c_char, *const c_char) -> *mut SessionDescriptor;
    fn session_descriptor_live_network_create(
        *const c_char, *const c_char, *const c_char, c_ulonglong
    ) -> *mut SessionDescriptor;
    fn session_descriptor_snapshot_local_create(*const c_char, *const c_char) -> *mut SessionDescriptor;
    fn session_descriptor_snapshot_network_create(
        *const c_char, *const c_char, *const c_char
    ) -> *mut SessionDescriptor;
    fn session_descriptor_destroy(*mut SessionDescriptor);
    fn create_session_ext(*mut SessionDescriptor) -> c_int;
    fn destroy_session_ext(*const c_char, *mut *mut DestructionHandle) -> c_int;
    fn destruction_handle_wait_for_completion(*mut DestructionHandle, c_int) -> c_int;
    fn destruction_handle_get_result(*const DestructionHandle, *mut c_int) -> c_int;
    fn destruction_handle_destroy(*mut DestructionHandle);
    fn set_session_shm_path(*const c_char, *const c_char) -> c_int;
    fn list_sessions(*mut *mut Session) -> c_int;

    fn create_handle(*const c_char, *mut Domain) -> *mut Handle;
    fn destroy_handle(*mut Handle);

    fn channel_create(*mut Domain) -> *mut Channel;
    fn channel_destroy(*mut Channel);
    fn enable_channel(*mut Handle, *mut Channel) -> c_int;
    fn list_channels(*mut Handle, *mut *mut Channel) -> c_int;
    fn channel_get_discarded_event_count(*mut Channel, *mut u64) -> c_int;
    fn channel_get_lost_packet_count(*mut Channel, *mut u64) -> c_int;

    fn list_events(*mut Handle, *const c_char, *mut *mut Event) -> c_int;
    fn event_create() -> *mut Event;
    fn event_destroy(*mut Event);
    fn enable_event_with_exclusions(
        *mut Handle, *mut Event, *const c_char, *const c_char, c_int, *mut *mut c_char
    ) -> c_int;
    fn disable_event(*mut Handle, *const c_char, *const c_char) -> c_int;

    fn session_get_tracker_handle(*const c_char, c_int, c_int, *mut *mut TrackerHandle) -> c_int;
    fn process_attr_tracker_handle_set_tracking_policy(*const TrackerHandle, c_int) -> c_int;
    fn process_attr_virtual_process_id_tracker_handle_add_pid(*const TrackerHandle, libc::pid_t) -> c_int;
    fn process_attr_tracker_handle_get_tracking_policy(*const TrackerHandle, *mut c_int) -> c_int;
    fn process_attr_tracker_handle_get_inclusion_set(
        *mut TrackerHandle, *mut *const ProcessAttrValues
    ) -> c_int;
    fn process_attr_values_get_count(*const ProcessAttrValues, *mut c_uint) -> c_int;
    fn process_attr_values_get_pid_at_index(*const ProcessAttrValues, c_uint, *mut libc::pid_t) -> c_int;
    fn process_attr_tracker_handle_destroy(*mut TrackerHandle);

    fn start_tracing(*const c_char) -> c_int;
    fn stop_tracing_no_wait(*const c_char) -> c_int;
    fn data_pending(*const c_char) -> c_int;

    fn snapshot_output_create() -> *mut SnapshotOutput;
    fn snapshot_output_destroy(*mut SnapshotOutput);
    fn snapshot_output_set_name(*const c_char, *mut SnapshotOutput) -> c_int;
    fn snapshot_output_set_local_path(*const c_char, *mut SnapshotOutput) -> c_int;
    fn snapshot_output_set_network_url(*const c_char, *mut SnapshotOutput) -> c_int;
    fn snapshot_list_output(*const c_char, *mut *mut SnapshotOutputList) -> c_int;
    fn snapshot_output_list_get_next(*mut SnapshotOutputList) -> *mut SnapshotOutput;
    fn snapshot_output_list_destroy(*mut SnapshotOutputList);
    fn snapshot_output_get_ctrl_url(*const SnapshotOutput) -> *const c_char;
    fn snapshot_record(*const c_char, *mut SnapshotOutput, c_int) -> c_int;

    fn rotate_session(*const c_char, *mut c_void, *mut *mut RotationHandle) -> c_int;
    fn rotation_handle_get_state(*mut RotationHandle, *mut c_int) -> c_int;
    fn rotation_handle_get_archive_location(*mut RotationHandle, *mut *const ArchiveLocation) -> c_int;
    fn rotation_handle_destroy(*mut RotationHandle);
    fn trace_archive_location_get_type(*const ArchiveLocation) -> c_int;
    fn trace_archive_location_local_get_absolute_path(*const ArchiveLocation, *mut *const c_char) -> c_int;
    fn rotation_schedule_periodic_create() -> *mut RotationSchedule;
    fn rotation_schedule_periodic_set_period(*mut RotationSchedule, u64) -> c_int;
    fn rotation_schedule_size_threshold_create() -> *mut RotationSchedule;
    fn rotation_schedule_size_threshold_set_threshold(*mut RotationSchedule, u64) -> c_int;
    fn rotation_schedule_destroy(*mut RotationSchedule);
    fn session_add_rotation_schedule(*const c_char, *const RotationSchedule) -> c_int;
}

/// Opens the library for the rest of the process's life.
pub(crate) fn open() -> Result<Functions, Error> {
    // SAFETY: the library's constructors set up its own state only; it stays loaded (NODELETE), so no function of it
    // can be called after it is gone.
    let library = unsafe { Library::open(Some(SONAME), RTLD_NOW | RTLD_LOCAL | libc::RTLD_NODELETE) }
        .map_err(|error| Error::from(Kind::NoLibrary { reason: reason_of(&error) }))?;
    let functions = Functions::find(&library)?;
    silence(&library);
    std::mem::forget(library);
    Ok(functions)
}

/// Keeps the library from writing to the host program's stderr; we return what it says instead.
fn silence(library: &Library) {
    // SAFETY: `lttng_opt_quiet` is an int that the library exports for its clients to set; a library without it
    // gives an error and is left alone. Nobody else runs in the library yet.
    unsafe {
        if let Ok(quiet) = library.get::<*mut c_int>("lttng_opt_quiet") {
            **quiet = 1;
        }
    }
}

/// The dynamic linker's own words, on one line.
fn reason_of(error: &libloading::Error) -> String {
    let source = std::error::Error::source(error);
    let text = source.map_or_else(|| error.to_string(), ToString::to_string);
    text.lines().next().unwrap_or_default().to_owned()
}
