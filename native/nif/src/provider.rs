//! The tracepoint provider: a library opened when tracing is first asked for, never unloaded.

use beamtap_schema::{EVENT_COUNT, EventKind, PROVIDER_SYMBOL, ProviderTable, SCHEMA_ID, WireEvent};
use std::ffi::{c_int, c_void};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicPtr, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

/// What every switch points to until a provider is there: off.
static OFF: c_int = 0;
static SWITCHES: [AtomicPtr<c_int>; EVENT_COUNT] =
    [const { AtomicPtr::new((&raw const OFF).cast_mut()) }; EVENT_COUNT];
#[cfg_attr(target_os = "linux", unsafe(link_section = ".data.beamtap_hot"))]
static TABLE: AtomicPtr<ProviderTable> = AtomicPtr::new(std::ptr::null_mut());
/// Why the last attempt to open failed.
static FAILURE: Mutex<Option<String>> = Mutex::new(None);
/// Opening takes milliseconds; a loader that hangs is not waited for longer than this.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);

/// How the provider stands.
pub(crate) enum State {
    NotLoaded,
    Loaded,
    Failed(String),
}

/// Why the provider could not be opened.
pub(crate) enum OpenError {
    /// There is no such file.
    Missing(PathBuf),
    /// The dynamic loader refused it: most often, lttng-ust is not installed.
    Refused(String),
    /// It was built from another version of the catalogue, or without lttng-ust.
    Unusable(String),
    /// It did not come back in time.
    Timeout,
}

impl OpenError {
    pub(crate) fn line(&self) -> String {
        match self {
            OpenError::Missing(path) => format!("tracepoint provider {} not found", path.display()),
            OpenError::Refused(reason) => format!("tracepoint provider cannot be loaded: {reason}"),
            OpenError::Unusable(reason) => format!("tracepoint provider cannot be used: {reason}"),
            OpenError::Timeout => "tracepoint provider did not load within 5 s".into(),
        }
    }

    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            OpenError::Missing(_) => {
                "run scripts/build-native, or set BEAMTAP_NATIVE_DIR to where it was built"
            }
            OpenError::Refused(_) => "install lttng-ust (Debian: apt-get install liblttng-ust1)",
            OpenError::Unusable(_) => "install liblttng-ust-dev and run scripts/build-native again",
            OpenError::Timeout => "look whether lttng-sessiond is stopped or hanging, then try again",
        }
    }
}

/// Whether some LTTng session has this event enabled.
#[inline]
pub(crate) fn is_enabled(kind: EventKind) -> bool {
    let switch = SWITCHES[kind as usize].load(Relaxed);
    // SAFETY: the pointer is to OFF or to a switch in a library that is never unloaded. LTTng writes the switch from
    // another thread; a volatile read of an aligned int cannot tear.
    unsafe { switch.read_volatile() != 0 }
}

/// Hands one event to LTTng. Does nothing while there is no provider.
#[inline]
pub(crate) fn emit<E: WireEvent>(event: &E) {
    let table = TABLE.load(Acquire);
    if table.is_null() {
        return;
    }
    // SAFETY: the table is never freed or changed once published; the kind's function reads exactly the structure that
    // `E` is, since both are rendered from the same catalogue, checked by its id when the library was opened.
    unsafe { ((*table).emit[E::KIND as usize])((&raw const *event).cast::<c_void>()) }
}

/// How the provider stands.
pub(crate) fn state() -> State {
    if !TABLE.load(Acquire).is_null() {
        return State::Loaded;
    }
    match &*FAILURE.lock().unwrap_or_else(std::sync::PoisonError::into_inner) {
        Some(line) => State::Failed(line.clone()),
        None => State::NotLoaded,
    }
}

/// Opens the provider, on a thread of its own: liblttng-ust's constructor starts threads and may take its time.
pub(crate) fn open(path: &Path) -> Result<(), OpenError> {
    if !TABLE.load(Acquire).is_null() {
        return Ok(());
    }
    let (send, receive) = mpsc::channel();
    let library = path.to_owned();
    let started = std::thread::Builder::new().name("beamtap-open".into()).spawn(move || {
        // The receiver may have given up waiting.
        let _ = send.send(load(&library));
    });
    let result = match started {
        Ok(_) => receive.recv_timeout(OPEN_TIMEOUT).unwrap_or(Err(OpenError::Timeout)),
        Err(error) => Err(OpenError::Refused(error.to_string())),
    };
    *FAILURE.lock().unwrap_or_else(std::sync::PoisonError::into_inner) =
        result.as_ref().err().map(OpenError::line);
    result
}

fn load(path: &Path) -> Result<(), OpenError> {
    if !path.exists() {
        return Err(OpenError::Missing(path.to_owned()));
    }
    // Without this liblttng-ust's constructor waits up to three seconds for a session daemon that hangs. What the
    // operator has set stays; os:putenv does not reach C, so this is the only place.
    // SAFETY: both are constant C strings. setenv races with getenv in other threads, as everywhere in POSIX; the VM
    // reads its environment at boot.
    unsafe { libc::setenv(c"LTTNG_UST_REGISTER_TIMEOUT".as_ptr(), c"0".as_ptr(), 0) };
    let flags = libc::RTLD_NOW | libc::RTLD_LOCAL | libc::RTLD_NODELETE;
    let library = with_awaitable_children(|| {
        // SAFETY: running the constructors of our own provider and of liblttng-ust is the purpose.
        unsafe { libloading::os::unix::Library::open(Some(path), flags) }
    })
    .map_err(|error| OpenError::Refused(reason_of(&error)))?;
    // SAFETY: the symbol has this type in every version of the provider; the id below tells versions apart.
    let table = unsafe { library.get::<extern "C" fn() -> *const ProviderTable>(PROVIDER_SYMBOL.as_bytes()) }
        .map(|find| find())
        .map_err(|_| OpenError::Unusable("it was built without lttng-ust".into()))?;
    // Forget the handle: the library stays for good.
    std::mem::forget(library);
    // SAFETY: the table is a static of the library; its first member is the id in every version.
    let schema_id = unsafe { (*table).schema_id };
    if schema_id != SCHEMA_ID {
        return Err(OpenError::Unusable("it was built from another version of beamtap".into()));
    }
    // SAFETY: same id, same layout.
    let enabled = unsafe { &(*table).enabled };
    for (switch, &found) in SWITCHES.iter().zip(enabled) {
        switch.store(found.cast_mut(), Release);
    }
    TABLE.store(table.cast_mut(), Release);
    Ok(())
}

/// What the dynamic loader itself said, which libloading keeps behind a general word.
fn reason_of(error: &libloading::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// Runs `act` while ended children can be waited for, as liblttng-ust's constructor must: where no session daemon has
/// run before, it makes the shared memory in which it waits for one in a child, and gives tracing up for good when it
/// cannot wait for that child. The VM ignores SIGCHLD, its own children being those of `erl_child_setup`.
fn with_awaitable_children<T>(act: impl FnOnce() -> T) -> T {
    // SAFETY: a sigaction of zeroes is valid: default action, no flags, empty mask.
    let default: libc::sigaction = unsafe { std::mem::zeroed() };
    let mut before = default;
    // SAFETY: both pointers are to locals. The default action of SIGCHLD is to do nothing.
    let is_set = unsafe { libc::sigaction(libc::SIGCHLD, &default, &mut before) } == 0;
    let result = act();
    if is_set {
        // SAFETY: what is put back is what was there.
        unsafe { libc::sigaction(libc::SIGCHLD, &before, std::ptr::null_mut()) };
    }
    result
}

/// Waits until LTTng has switched all these events on in this process. Answers whether that came true in time.
pub(crate) fn await_enabled(kinds: &[EventKind], timeout: Duration) -> bool {
    let deadline = Instant::now() + timeout;
    while !kinds.iter().all(|&kind| is_enabled(kind)) {
        if Instant::now() >= deadline {
            return false;
        }
        // LTTng's listener thread sets the switches and tells nobody: there is nothing to wait on.
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}
