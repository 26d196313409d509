//! The tracepoint providers: libraries opened when tracing is first asked for, never unloaded.

use crate::board;
use beamtap_schema::{
    EVENT_COUNT, EventKind, OTP_EVENT_COUNT, OTP_PROVIDER_SYMBOL, OTP_SCHEMA_ID, OtpEvent, PROVIDER_SYMBOL,
    SCHEMA_ID, Table, WireEvent,
};
use std::ffi::c_void;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicPtr, Ordering::Acquire, Ordering::Release};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

/// Opening takes milliseconds; a loader that hangs is not waited for longer than this.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);

/// A provider library with `N` events.
pub(crate) struct Provider<const N: usize> {
    symbol: &'static str,
    schema_id: u64,
    /// Makes the table's switches known to the callbacks.
    connect: fn(&Table<N>),
    table: AtomicPtr<Table<N>>,
    /// Why the last attempt to open failed.
    failure: Mutex<Option<String>>,
}

/// beamtap's own events.
pub(crate) static TYPED: Provider<EVENT_COUNT> = Provider::new(PROVIDER_SYMBOL, SCHEMA_ID, board::connect);
/// OTP's events. Never opened in a VM that was built with them: their provider's name may be registered only once.
pub(crate) static OTP: Provider<OTP_EVENT_COUNT> =
    Provider::new(OTP_PROVIDER_SYMBOL, OTP_SCHEMA_ID, board::connect_otp);

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
            OpenError::Missing(path) => format!("the tracepoint provider {} does not exist", path.display()),
            OpenError::Refused(reason) => format!("the tracepoint provider cannot be loaded: {reason}"),
            OpenError::Unusable(reason) => format!("the tracepoint provider cannot be used: {reason}"),
            OpenError::Timeout => "the tracepoint provider did not load within 5 s".into(),
        }
    }

    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            OpenError::Missing(_) => {
                "run scripts/build-native, or set BEAMTAP_NATIVE_DIR to the directory it was built in"
            }
            OpenError::Refused(_) => "install lttng-ust (Debian: apt-get install liblttng-ust1)",
            OpenError::Unusable(_) => "install liblttng-ust-dev and run scripts/build-native again",
            OpenError::Timeout => "check if lttng-sessiond is stopped (state T in ps), then try again",
        }
    }
}

/// Hands one event to LTTng. Does nothing while there is no provider.
#[inline(always)]
pub(crate) fn emit<E: WireEvent>(event: &E) {
    // SAFETY: the kind's function reads exactly the structure that `E` is, since both are rendered from the same
    // catalogue, checked by its id when the library was opened.
    unsafe { board::emit(E::KIND, (&raw const *event).cast::<c_void>()) }
}

/// Hands one of OTP's events to LTTng. Does nothing while there is no provider.
pub(crate) fn emit_otp<E: OtpEvent>(event: &E) {
    // SAFETY: as in `emit`.
    unsafe { OTP.emit(E::KIND as usize, (&raw const *event).cast::<c_void>()) }
}

impl<const N: usize> Provider<N> {
    const fn new(symbol: &'static str, schema_id: u64, connect: fn(&Table<N>)) -> Self {
        Provider {
            symbol,
            schema_id,
            connect,
            table: AtomicPtr::new(std::ptr::null_mut()),
            failure: Mutex::new(None),
        }
    }

    /// # Safety
    ///
    /// `event` points to the kind's structure.
    #[inline(always)]
    unsafe fn emit(&self, kind: usize, event: *const c_void) {
        let table = self.table.load(Acquire);
        if table.is_null() {
            return;
        }
        // SAFETY: the table is never freed or changed once published; the rest is the caller's contract.
        unsafe { ((*table).emit[kind])(event) }
    }

    /// Whether LTTng knows its events as this VM's.
    pub(crate) fn is_loaded(&self) -> bool {
        !self.table.load(Acquire).is_null()
    }

    /// How the provider stands.
    pub(crate) fn state(&self) -> State {
        if self.is_loaded() {
            return State::Loaded;
        }
        match &*self.failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner) {
            Some(line) => State::Failed(line.clone()),
            None => State::NotLoaded,
        }
    }

    /// Opens the provider, on a thread of its own: liblttng-ust's constructor waits up to three seconds for a session daemon
    /// that hangs.
    ///
    /// That time-out, `LTTNG_UST_REGISTER_TIMEOUT`, is left alone: liblttng-ust uses the same number for every answer of the
    /// daemon to an event that registers, and where it is 0 a daemon that takes more than 10 ms, once, is never listened to
    /// again by this process.
    pub(crate) fn open(&'static self, path: &Path) -> Result<(), OpenError> {
        if self.is_loaded() {
            return Ok(());
        }
        let (send, receive) = mpsc::channel();
        let library = path.to_owned();
        let started = std::thread::Builder::new().name(process_name()).spawn(move || {
            // The receiver may have given up waiting.
            let _ = send.send(self.load(&library));
        });
        let result = match started {
            Ok(_) => receive.recv_timeout(OPEN_TIMEOUT).unwrap_or(Err(OpenError::Timeout)),
            Err(error) => Err(OpenError::Refused(error.to_string())),
        };
        *self.failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner) =
            result.as_ref().err().map(OpenError::line);
        result
    }

    fn load(&self, path: &Path) -> Result<(), OpenError> {
        if !path.exists() {
            return Err(OpenError::Missing(path.to_owned()));
        }
        let flags = libc::RTLD_NOW | libc::RTLD_LOCAL | libc::RTLD_NODELETE;
        let library = with_awaitable_children(|| {
            // SAFETY: running the constructors of our own provider and of liblttng-ust is the purpose.
            unsafe { libloading::os::unix::Library::open(Some(path), flags) }
        })
        .map_err(|error| OpenError::Refused(reason_of(&error)))?;
        // SAFETY: the symbol has this type in every version of the provider; the id below tells versions apart.
        let table = unsafe { library.get::<extern "C" fn() -> *const Table<N>>(self.symbol.as_bytes()) }
            .map(|find| find())
            .map_err(|_| OpenError::Unusable("it was built without lttng-ust".into()))?;
        // Forget the handle: the library stays for good.
        std::mem::forget(library);
        // SAFETY: the table is a static of the library; its first member is the id in every version.
        let schema_id = unsafe { (*table).schema_id };
        if schema_id != self.schema_id {
            return Err(OpenError::Unusable("it was built from another version of beamtap".into()));
        }
        // SAFETY: same id, same layout.
        (self.connect)(unsafe { &*table });
        self.table.store(table.cast_mut(), Release);
        Ok(())
    }
}

/// What the process is called. LTTng calls it as the thread that opens liblttng-ust, in `lttng list` and in traces.
fn process_name() -> String {
    let name = std::fs::read_to_string("/proc/self/comm").unwrap_or_default();
    let name = name.trim_end_matches('\n');
    // A thread's name has no NUL.
    if name.is_empty() || name.contains('\0') { "beam".into() } else { name.into() }
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
    while !kinds.iter().all(|&kind| board::is_enabled(kind)) {
        if Instant::now() >= deadline {
            return false;
        }
        // LTTng's listener thread sets the switches and tells nobody: there is nothing to wait on.
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}
