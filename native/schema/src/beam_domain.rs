//! What OTP's own domain `org_erlang_otp` tells, which only a VM built with LTTng has, and what stands for it on a stock
//! one.

use crate::catalogue::EventKind;

/// One event of `org_erlang_otp`.
#[derive(Clone, Copy, Debug)]
pub struct BeamDomainInfo {
    /// Its name without the domain.
    pub name: &'static str,
    /// What tells the same or nearly the same; empty where nothing does.
    pub ours: &'static [EventKind],
    /// How ours is to be read, and what is lost.
    pub lost: &'static str,
}

const fn row(name: &'static str, ours: &'static [EventKind], lost: &'static str) -> BeamDomainInfo {
    BeamDomainInfo { name, ours, lost }
}

/// Every event of `org_erlang_otp`.
pub const BEAM_DOMAIN: [BeamDomainInfo; 19] = [
    row("driver_init", &[], "The VM tells of no driver that is loaded; `erl_ddll:info/0` lists them."),
    row("driver_start", &[EventKind::Open], "Nothing: opener, driver's name and port are there."),
    row(
        "driver_output",
        &[EventKind::PortReceive],
        "`op` is `command`. Which of the driver's two functions took the data, and the number of bytes where they are a \
         nested or a long list.",
    ),
    row("driver_outputv", &[EventKind::PortReceive], "As for `driver_output`."),
    row(
        "driver_ready_input",
        &[EventKind::PortIn, EventKind::PortOut],
        "`operation` is 0. That it was input; ports that were only asked something show their operation.",
    ),
    row("driver_ready_output", &[EventKind::PortIn, EventKind::PortOut], "As for `driver_ready_input`."),
    row("driver_timeout", &[EventKind::PortIn, EventKind::PortOut], "As for `driver_ready_input`."),
    row("driver_stop_select", &[], "The VM does not tell."),
    row(
        "driver_flush",
        &[EventKind::PortIn, EventKind::PortOut],
        "`operation` is `flush`. The driver's name; `open` has it.",
    ),
    row(
        "driver_stop",
        &[EventKind::Closed],
        "The process and the driver's name; `open` has them. The reason is there instead.",
    ),
    row("driver_process_exit", &[], "The VM does not tell."),
    row("driver_ready_async", &[], "The VM does not tell."),
    row("driver_finish", &[], "The VM does not tell of a driver that is unloaded."),
    row("driver_call", &[EventKind::PortReceive], "`op` is `call`. The driver's name; `open` has it."),
    row("driver_control", &[EventKind::PortReceive], "`op` is `control`. The driver's name; `open` has it."),
    row(
        "carrier_create",
        &[EventKind::Allocator],
        "Sampled: each carrier by itself, its size and its time. Per instance there are how many have been created, and the \
         same counts and sizes; the number of blocks in single-block carriers is that of the carriers.",
    ),
    row("carrier_destroy", &[EventKind::Allocator], "As for `carrier_create`; `destroyed` counts them."),
    row(
        "carrier_pool_put",
        &[EventKind::Allocator],
        "Sampled: each carrier by itself, its size and its time. How many are in the pool is there.",
    ),
    row("carrier_pool_get", &[EventKind::Allocator], "As for `carrier_pool_put`; `fetched` counts them."),
];
