//! LTTng sessions as NIFs: each on a dirty I/O scheduler, each bounded in time by `beamtap-ctl`.

use crate::atoms;
use crate::provider;
use crate::reply::{binary, failure};
use beamtap_ctl::doctor::{self, Verdict};
use beamtap_ctl::{DEFAULT_TIMEOUT, Error, Flight, Listener, Losses, Lttng, Rule, Session, SessionInfo};
use beamtap_schema::{OTP_PROVIDER, PROVIDER};
use held::Held;
use rustler::{Atom, Binary, Encoder, Env, LocalPid, Monitor, NifResult, Resource, ResourceArc, Term};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use terms::{PlanTerms, text};

mod daemon;
mod held;
mod terms;

mod kinds {
    rustler::atoms! {
        no_library,
        no_sessiond,
        not_permitted,
        shm_too_small,
        timeout,
        bad_plan,
        session_exists,
        no_such_session,
        no_consumer,
        no_relayd,
        no_trace_format,
        output_unwritable,
        output_removed,
        output_full,
        consumer_stopped,
        session_stopped,
        remote,
        own,
        vm,
        foreign,
        other,
        warning,
        local,
        net,
        live,
        snapshot,
    }
}

/// What the program of a VM is called, in all its flavours. So is its sidecar, which starts session daemons for it.
const VM: &str = "beam";

/// A session as the VM sees it: gone when nothing refers to it any more or when the process that opened it dies.
struct Handle {
    held: Mutex<Option<Held>>,
    _monitor: Mutex<Option<Monitor>>,
}

impl Handle {
    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends what is held without waiting for it: this may be a scheduler.
    fn abandon(&self) {
        let held = match self.held.try_lock() {
            Ok(mut held) => held.take(),
            // A call is using it right now; the resource's end will come here again.
            Err(_) => None,
        };
        // Nobody is left to be told how it ends.
        drop(held.map(Held::end));
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.abandon();
    }
}

impl Resource for Handle {
    const IMPLEMENTS_DOWN: bool = true;

    fn down<'a>(&'a self, _env: Env<'a>, _pid: LocalPid, _monitor: Monitor) {
        self.abandon();
    }
}

/// Registers the resource; called once at load.
pub(crate) fn register(env: Env) -> bool {
    env.register::<Handle>().is_ok()
}

fn kind_of(error: &Error) -> Atom {
    let kinds = [
        (error.is_no_library(), kinds::no_library()),
        (error.is_no_sessiond(), kinds::no_sessiond()),
        (error.is_not_permitted(), kinds::not_permitted()),
        (error.is_shm_too_small(), kinds::shm_too_small()),
        (error.is_timeout(), kinds::timeout()),
        (error.is_bad_plan(), kinds::bad_plan()),
        (error.is_session_exists(), kinds::session_exists()),
        (error.is_no_such_session(), kinds::no_such_session()),
        (error.is_no_consumer(), kinds::no_consumer()),
        (error.is_no_relayd(), kinds::no_relayd()),
        (error.is_no_trace_format(), kinds::no_trace_format()),
        (error.is_output_unwritable(), kinds::output_unwritable()),
        (error.is_output_removed(), kinds::output_removed()),
        (error.is_output_full(), kinds::output_full()),
        (error.is_consumer_stopped(), kinds::consumer_stopped()),
        (error.is_session_stopped(), kinds::session_stopped()),
    ];
    kinds.into_iter().find(|(is_it, _)| *is_it).map_or_else(kinds::other, |(_, kind)| kind)
}

fn refused<'a>(env: Env<'a>, error: &Error) -> Term<'a> {
    failure(env, kind_of(error), &error.to_string(), error.remedy())
}

fn done(env: Env, result: Result<(), Error>) -> Term {
    match result {
        Ok(()) => atoms::ok().encode(env),
        Err(error) => refused(env, &error),
    }
}

/// What the VM's milliseconds mean here.
fn ms(within: u64) -> Duration {
    Duration::from_millis(within)
}

#[rustler::nif(schedule = "DirtyIo")]
fn session_open<'a>(env: Env<'a>, plan: PlanTerms<'a>, within: u64) -> NifResult<Term<'a>> {
    let held = match Held::open(&plan, ms(within))? {
        Ok(held) => held,
        Err(error) => return Ok(refused(env, &error)),
    };
    let handle = ResourceArc::new(Handle { held: Mutex::new(Some(held)), _monitor: Mutex::new(None) });
    match env.monitor(&handle, &env.pid()) {
        Some(monitor) => {
            *handle._monitor.lock().unwrap_or_else(PoisonError::into_inner) = Some(monitor);
        }
        // The caller died meanwhile.
        None => handle.abandon(),
    }
    Ok((atoms::ok(), handle).encode(env))
}

/// Runs `act` on what the handle holds; a handle that was ended says so.
fn with_session<'a, T>(
    env: Env<'a>,
    handle: &Handle,
    act: impl FnOnce(&mut Session) -> Result<T, Error>,
    answer: impl FnOnce(T) -> Term<'a>,
) -> Term<'a> {
    match handle.held().as_mut() {
        Some(held) => match act(&mut held.session) {
            Ok(value) => answer(value),
            Err(error) => refused(env, &error),
        },
        None => {
            failure(env, kinds::no_such_session(), "the LTTng session has already ended", "start a new tap")
        }
    }
}

#[rustler::nif(schedule = "DirtyIo")]
fn session_start(env: Env, handle: ResourceArc<Handle>, within: u64) -> Term {
    with_session(env, &handle, |session| session.start(ms(within)), |()| atoms::ok().encode(env))
}

fn losses<'a>(env: Env<'a>, losses: &Losses) -> Term<'a> {
    let map = |count: fn(&beamtap_ctl::ChannelLosses) -> u64| {
        losses.channels.iter().fold(Term::map_new(env), |map, channel| {
            let name = binary(env, channel.channel.as_bytes());
            map.map_put(name, count(channel)).unwrap_or(map)
        })
    };
    let map = [
        ("discarded", map(|channel| channel.discarded_events)),
        ("lost_packets", map(|channel| channel.lost_packets)),
        ("is_final", losses.is_final.encode(env)),
    ]
    .into_iter()
    .fold(Term::map_new(env), |all, (key, value)| match Atom::from_str(env, key) {
        Ok(key) => all.map_put(key, value).unwrap_or(all),
        Err(_) => all,
    });
    (atoms::ok(), map).encode(env)
}

/// How a session is doing; with 0, the session daemon is not asked, which takes microseconds.
#[rustler::nif(schedule = "DirtyIo")]
fn session_check(env: Env, handle: ResourceArc<Handle>, within: u64) -> Term {
    let check = |session: &mut Session| {
        if within == 0 { session.check_daemons() } else { session.check(ms(within)) }
    };
    with_session(env, &handle, check, |()| atoms::ok().encode(env))
}

/// Whose the session daemon is that a session began to record with: this VM's `own`, another `vm`'s, or `foreign`.
#[rustler::nif(schedule = "DirtyIo")]
fn session_daemon(handle: ResourceArc<Handle>) -> Atom {
    match handle.held().as_ref().and_then(|held| held.session.sessiond()) {
        Some((pid, _)) if daemon::is_own(pid) => kinds::own(),
        Some((_, Some(starter))) if starter.starts_with(VM) => kinds::vm(),
        _ => kinds::foreign(),
    }
}

/// Ends the session daemon that a session began to record with, if it is this VM's own: one that lost its consumer daemon
/// never gets another.
#[rustler::nif(schedule = "DirtyIo")]
fn session_end_daemon(env: Env, handle: ResourceArc<Handle>, within: u64) -> Term {
    let pid = handle.held().as_ref().and_then(|held| held.session.sessiond()).map(|(pid, _)| pid);
    done(env, pid.map_or(Ok(()), |pid| daemon::end(pid, ms(within))))
}

/// Nobody may emit any more when this is called: that is what makes the counts exact.
#[rustler::nif(schedule = "DirtyIo")]
fn session_stop(env: Env, handle: ResourceArc<Handle>, within: u64) -> Term {
    with_session(env, &handle, |session| session.stop(ms(within)), |counted| losses(env, &counted))
}

/// `{ok, Directory}`, or `{ok, remote}` where the snapshot went to a relay daemon.
#[rustler::nif(schedule = "DirtyIo")]
fn session_snapshot<'a>(
    env: Env<'a>,
    handle: ResourceArc<Handle>,
    label: Binary<'a>,
    within: u64,
) -> NifResult<Term<'a>> {
    use std::os::unix::ffi::OsStrExt;
    let label = text(&label)?;
    Ok(with_session(
        env,
        &handle,
        |session| session.snapshot(label, ms(within)),
        |path| match path {
            Some(path) => (atoms::ok(), binary(env, path.as_os_str().as_bytes())).encode(env),
            None => (atoms::ok(), kinds::remote()).encode(env),
        },
    ))
}

/// The event's name or pattern with its provider; an empty filter is none.
#[rustler::nif(schedule = "DirtyIo")]
fn session_enable<'a>(
    env: Env<'a>,
    handle: ResourceArc<Handle>,
    channel: Binary<'a>,
    event: Binary<'a>,
    filter: Binary<'a>,
    within: u64,
) -> NifResult<Term<'a>> {
    let (channel, mut rule) = (text(&channel)?, Rule::new(text(&event)?));
    if !filter.is_empty() {
        rule = rule.filter(text(&filter)?);
    }
    let enable = |session: &mut Session| session.enable(channel, &rule, ms(within));
    Ok(with_session(env, &handle, enable, |()| atoms::ok().encode(env)))
}

/// The name or pattern that the event was enabled with.
#[rustler::nif(schedule = "DirtyIo")]
fn session_disable<'a>(
    env: Env<'a>,
    handle: ResourceArc<Handle>,
    channel: Binary<'a>,
    event: Binary<'a>,
    within: u64,
) -> NifResult<Term<'a>> {
    let (channel, event) = (text(&channel)?, text(&event)?);
    let disable = |session: &mut Session| session.disable(channel, event, ms(within));
    Ok(with_session(env, &handle, disable, |()| atoms::ok().encode(env)))
}

/// The port of 127.0.0.1 at which the session's own relay daemon serves viewers; `none` without one.
#[rustler::nif]
fn session_live_port(env: Env, handle: ResourceArc<Handle>) -> Term {
    match handle.held().as_ref().and_then(|held| held.relayd.as_ref()) {
        Some(relayd) => relayd.live_port().encode(env),
        None => atoms::none().encode(env),
    }
}

/// What is not ended in time ends behind: as soon as the daemon answers, nothing is left of it.
#[rustler::nif(schedule = "DirtyIo")]
fn session_destroy(env: Env, handle: ResourceArc<Handle>, within: u64) -> Term {
    let Some(held) = handle.held().take() else { return atoms::ok().encode(env) };
    match held.end().wait(ms(within)) {
        Some(result) => done(env, result),
        None => failure(
            env,
            kinds::timeout(),
            "another process is still ending the session",
            "nothing to do: it ends when the session daemon answers",
        ),
    }
}

/// Ends the session daemon that this VM started, unless somebody has a session in it; none is kept until the next session
/// opens.
#[rustler::nif(schedule = "DirtyIo")]
fn dismiss_daemon(env: Env, within: u64) -> Term {
    done(env, daemon::dismiss(ms(within)))
}

#[rustler::nif(schedule = "DirtyIo")]
fn sessions(env: Env) -> Term {
    match Lttng::load().and_then(|lttng| lttng.sessions(DEFAULT_TIMEOUT)) {
        Ok(sessions) => {
            let names: Vec<Term> =
                sessions.iter().map(|session| binary(env, session.name.as_bytes())).collect();
            (atoms::ok(), names).encode(env)
        }
        Err(error) if error.is_no_sessiond() => (atoms::ok(), Vec::<Term>::new()).encode(env),
        Err(error) => refused(env, &error),
    }
}

/// The sessions that have events of this VM's enabled, whoever made them:
/// `{ok, [{Name, IsActive, local | net | live | snapshot, Path, Events}]}`.
#[rustler::nif(schedule = "DirtyIo")]
fn audience(env: Env, within: u64) -> Term {
    let text = |text: &str| binary(env, text.as_bytes());
    let providers = [(provider::TYPED.is_loaded(), PROVIDER), (provider::OTP.is_loaded(), OTP_PROVIDER)];
    let providers: Vec<&str> =
        providers.into_iter().filter_map(|(is_loaded, name)| is_loaded.then_some(name)).collect();
    // Without a provider LTTng has no events of this VM.
    let listeners = match providers.is_empty() {
        true => Ok(Vec::new()),
        false => Lttng::load().and_then(|lttng| lttng.audience(&providers, ms(within))),
    };
    match listeners {
        Ok(listeners) => {
            let one = |Listener { session, events }: &Listener| {
                let mode = match session {
                    SessionInfo { is_snapshot: true, .. } => kinds::snapshot(),
                    SessionInfo { live_interval: Some(_), .. } => kinds::live(),
                    SessionInfo { path, .. } if path.starts_with('/') => kinds::local(),
                    _ => kinds::net(),
                };
                let events: Vec<Term> = events.iter().map(|event| text(event)).collect();
                (text(&session.name), session.is_active, mode, text(&session.path), events).encode(env)
            };
            (atoms::ok(), listeners.iter().map(one).collect::<Vec<Term>>()).encode(env)
        }
        Err(error) if error.is_no_sessiond() || error.is_no_library() => {
            (atoms::ok(), Vec::<Term>::new()).encode(env)
        }
        Err(error) => refused(env, &error),
    }
}

/// Flight recorders whose VM was killed, of sessions whose name begins with `stem`: `[{Session, {ok, Place} | {error,
/// Why}}]`. They are forgotten by being told.
#[rustler::nif(schedule = "DirtyIo")]
fn flights<'a>(env: Env<'a>, stem: Binary<'a>) -> NifResult<Vec<Term<'a>>> {
    use std::os::unix::ffi::OsStrExt;
    let stem = text(&stem)?;
    let one = |flight: Flight| {
        flight.forget();
        let written = match flight.written() {
            Ok(place) => (atoms::ok(), binary(env, place.as_os_str().as_bytes())),
            Err(why) => (atoms::error(), binary(env, why.as_bytes())),
        };
        (binary(env, flight.session().as_bytes()), written).encode(env)
    };
    Ok(Flight::list().into_iter().filter(|flight| flight.session().starts_with(stem)).map(one).collect())
}

/// Rows for `beamtap:doctor/0`: `{Check, ok | warning | error, Finding, Remedy}`.
#[rustler::nif(schedule = "DirtyIo")]
fn lttng_status<'a>(env: Env<'a>, output: Binary<'a>) -> NifResult<Vec<Term<'a>>> {
    let text = |text: &str| binary(env, text.as_bytes());
    let row = |row: doctor::Row| {
        let verdict = match row.verdict {
            Verdict::Ok => atoms::ok(),
            Verdict::Warning => kinds::warning(),
            Verdict::Error => atoms::error(),
        };
        (text(row.check), verdict, text(&row.finding), text(&row.remedy)).encode(env)
    };
    Ok(doctor::rows(Path::new(self::text(&output)?)).into_iter().map(row).collect())
}
