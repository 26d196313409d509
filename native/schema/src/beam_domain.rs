//! The events of OTP's provider `org_erlang_otp`, which only a VM built with LTTng has, and beamtap's events in their
//! place.

use crate::catalogue::EventKind;

/// One event of `org_erlang_otp`.
#[derive(Clone, Copy, Debug)]
pub struct BeamDomainInfo {
    /// Its name without the domain.
    pub name: &'static str,
    /// beamtap's events that report the same or nearly the same; empty if none does.
    pub ours: &'static [EventKind],
    /// What is missing in beamtap's events, and how to read them.
    pub lost: &'static str,
}

const fn row(name: &'static str, ours: &'static [EventKind], lost: &'static str) -> BeamDomainInfo {
    BeamDomainInfo { name, ours, lost }
}

/// Every event of `org_erlang_otp`.
pub const BEAM_DOMAIN: [BeamDomainInfo; 19] = [
    row("driver_init", &[], "The VM does not report it. `erl_ddll:info/0` lists the loaded drivers."),
    row("driver_start", &[EventKind::Open], "Nothing."),
    row(
        "driver_output",
        &[EventKind::PortReceive],
        "Which of the driver's two functions took the data, and the size of nested or long lists. `op` is `command`.",
    ),
    row("driver_outputv", &[EventKind::PortReceive], "As for `driver_output`."),
    row(
        "driver_ready_input",
        &[EventKind::PortIn, EventKind::PortOut],
        "The kind of operation: `operation` is 0. Only ports that run a command show it.",
    ),
    row("driver_ready_output", &[EventKind::PortIn, EventKind::PortOut], "As for `driver_ready_input`."),
    row("driver_timeout", &[EventKind::PortIn, EventKind::PortOut], "As for `driver_ready_input`."),
    row("driver_stop_select", &[], "The VM does not report it."),
    row(
        "driver_flush",
        &[EventKind::PortIn, EventKind::PortOut],
        "The driver's name, which `open` has. `operation` is `flush`.",
    ),
    row(
        "driver_stop",
        &[EventKind::Closed],
        "The process and the driver's name, which `open` has. The event has the reason.",
    ),
    row("driver_process_exit", &[], "The VM does not report it."),
    row("driver_ready_async", &[], "The VM does not report it."),
    row("driver_finish", &[], "The VM does not report it."),
    row("driver_call", &[EventKind::PortReceive], "The driver's name, which `open` has. `op` is `call`."),
    row(
        "driver_control",
        &[EventKind::PortReceive],
        "The driver's name, which `open` has. `op` is `control`.",
    ),
    row(
        "carrier_create",
        &[EventKind::Allocator],
        "The single carrier with its size and time. `allocator` is a sample: it has the number of carriers created, and the \
         same counts and sizes, for each instance. A single-block carrier has one block.",
    ),
    row("carrier_destroy", &[EventKind::Allocator], "As for `carrier_create`; `destroyed` counts them."),
    row(
        "carrier_pool_put",
        &[EventKind::Allocator],
        "The single carrier with its size and time. `allocator` has the number of carriers in the pool.",
    ),
    row("carrier_pool_get", &[EventKind::Allocator], "As for `carrier_pool_put`; `fetched` counts them."),
];
