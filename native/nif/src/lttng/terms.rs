//! A session's plan as the Erlang side writes it.

use beamtap_ctl::daemons::Lifetime;
use beamtap_ctl::{Buffers, Channel, Files, Mode, OnFull, Output, Plan, Rotation, Sharing, TraceFormat};
use rustler::{Atom, Binary, Decoder, Error as NifError, NifMap, NifResult, Term};
use std::path::PathBuf;
use std::time::Duration;

mod modes {
    rustler::atoms! {
        local,
        net,
        live,
        relayd,
        snapshot,
        snapshot_net,
        ctf1,
        ctf2,
    }
}

/// Where the events go.
pub(super) enum ModeTerms {
    /// A mode as LTTng has it.
    Of(Mode),
    /// Live, through a relay daemon that is started for the session, listens on 127.0.0.1 only and writes below the
    /// directory.
    OwnRelayd { output: PathBuf, interval: Duration },
}

impl<'a> Decoder<'a> for ModeTerms {
    fn decode(term: Term<'a>) -> NifResult<Self> {
        if let Ok((tag, place)) = term.decode::<(Atom, Binary)>() {
            let place = text(&place)?;
            let output =
                |is_local| if is_local { Output::Local(place.into()) } else { Output::Net(place.into()) };
            return match tag {
                tag if tag == modes::local() => Ok(Self::Of(Mode::local(place))),
                tag if tag == modes::net() => Ok(Self::Of(Mode::Streaming { output: output(false) })),
                tag if tag == modes::snapshot() => Ok(Self::Of(Mode::Snapshot { output: output(true) })),
                tag if tag == modes::snapshot_net() => Ok(Self::Of(Mode::Snapshot { output: output(false) })),
                _ => Err(NifError::BadArg),
            };
        }
        let (tag, place, interval_us) = term.decode::<(Atom, Binary, u64)>()?;
        let (place, interval) = (text(&place)?, Duration::from_micros(interval_us));
        match tag {
            tag if tag == modes::live() => Ok(Self::Of(Mode::Live { url: place.into(), interval })),
            tag if tag == modes::relayd() => Ok(Self::OwnRelayd { output: place.into(), interval }),
            _ => Err(NifError::BadArg),
        }
    }
}

/// A channel; 0 stands for what is not wanted.
#[derive(NifMap)]
#[rustler(decode)]
struct ChannelTerms<'a> {
    name: Binary<'a>,
    subbuf_size: u64,
    num_subbuf: u64,
    overwrite: bool,
    switch_timer_us: u64,
    tracefile_size: u64,
    tracefile_count: u64,
}

/// A session; an empty `shm_path`, and 0 in `rotation` (microseconds, bytes), stand for what is not wanted.
#[derive(NifMap)]
#[rustler(decode)]
pub(super) struct PlanTerms<'a> {
    name: Binary<'a>,
    pub(super) mode: ModeTerms,
    channels: Vec<ChannelTerms<'a>>,
    events: Vec<(Binary<'a>, Binary<'a>)>,
    track_self: bool,
    /// The buffers are this VM's own, else the user's.
    per_pid: bool,
    shm_path: Binary<'a>,
    rotation: (u64, u64),
    /// `default`, `ctf1` or `ctf2`.
    trace_format: Atom,
    /// A session daemon is started where none answers.
    pub(super) may_start: bool,
    /// How long that daemon stays when nobody uses it any more.
    pub(super) keep_daemon_ms: u64,
    /// The sidecar, which guards that daemon; empty where there is none.
    guard: Binary<'a>,
}

pub(super) fn text<'a>(binary: &'a Binary) -> NifResult<&'a str> {
    std::str::from_utf8(binary.as_slice()).map_err(|_| NifError::BadArg)
}

fn wanted<T: PartialEq + Default>(value: T) -> Option<T> {
    (value != T::default()).then_some(value)
}

impl ChannelTerms<'_> {
    fn channel(&self) -> NifResult<Channel> {
        let buffers = Buffers { subbuf_size: self.subbuf_size, subbuf_count: self.num_subbuf };
        let on_full = if self.overwrite { OnFull::Overwrite } else { OnFull::Discard };
        let mut channel = Channel::new(text(&self.name)?).buffers(buffers).on_full(on_full);
        if let Some(micros) = wanted(self.switch_timer_us) {
            channel = channel.switch_timer(Duration::from_micros(micros));
        }
        if let Some(size) = wanted(self.tracefile_size) {
            channel = channel.files(Files { size, count: self.tracefile_count });
        }
        Ok(channel)
    }
}

impl PlanTerms<'_> {
    /// How long a session daemon lives that is started for the session.
    pub(super) fn lifetime(&self) -> NifResult<Lifetime> {
        Ok(match wanted(text(&self.guard)?) {
            Some(beamtapd) => Lifetime::Guarded { beamtapd: beamtapd.into() },
            None => Lifetime::WithProcess,
        })
    }

    /// The plan, in the mode given: what a daemon of its own brings with it is known only when that runs.
    pub(super) fn plan(&self, mode: Mode) -> NifResult<Plan> {
        let sharing = if self.per_pid { Sharing::PerPid } else { Sharing::PerUid };
        let mut plan = Plan::new(text(&self.name)?, mode).sharing(sharing);
        for terms in &self.channels {
            let mut channel = terms.channel()?;
            for (of, event) in &self.events {
                if of.as_slice() == terms.name.as_slice() {
                    channel = channel.event(text(event)?);
                }
            }
            plan = plan.channel(channel);
        }
        if self.track_self {
            plan = plan.track_vpid(std::process::id().cast_signed());
        }
        match self.trace_format {
            format if format == modes::ctf1() => plan = plan.trace_format(TraceFormat::Ctf1),
            format if format == modes::ctf2() => plan = plan.trace_format(TraceFormat::Ctf2),
            _ => {}
        }
        if let Some(path) = wanted(text(&self.shm_path)?) {
            plan = plan.shm_path(path);
        }
        let (period_us, size) = self.rotation;
        if self.rotation != (0, 0) {
            let period = wanted(period_us).map(Duration::from_micros);
            plan = plan.rotation(Rotation { period, size: wanted(size) });
        }
        Ok(plan)
    }
}
