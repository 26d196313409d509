//! The events that no trace flag makes: what the system monitor tells a process of beamtap, and what another samples.

use crate::atoms;
use crate::block::{self, Block, Outcome};
use crate::board;
use crate::gate;
use crate::layout;
use crate::naming::{atom_number, function_number};
use crate::provider;
use crate::sys::{CallEnv, word_of};
use crate::term::{self, HeapSizes};
use beamtap_schema::{EntityKind, ThreadKind, WireEvent, wire};
use rustler::{Atom, Decoder, Env, Error, NifResult, Term};

mod names {
    rustler::atoms! {
        long_gc,
        large_heap,
        long_schedule,
        port_long_schedule,
        busy_port,
        busy_dist_port,
        long_message_queue,
        scheduler_load,
        scheduler_states,
        run_queue,
        allocator,
        scheduler,
        dirty_cpu,
        dirty_io,
        undefined,
    }
}

/// Emits one event for the tap: `event` is its name, `fields` a tuple with what it is made of.
#[rustler::nif]
fn observed<'a>(env: Env<'a>, slot: u64, event: Atom, fields: Term<'a>) -> NifResult<Atom> {
    // SAFETY: the environment is that of the call in progress, which this frame does not outlive.
    let call = unsafe { CallEnv::new(env.as_c_arg()) };
    let observed = Observed { state: layout::small(slot), fields };
    match event {
        event if event == names::long_gc() => observed.emit(|_, (pid, ms, sizes): (Term, u64, Term)| {
            let sizes = heap_sizes(call, sizes)?;
            Some(wire::LongGc {
                pid: pid_of(pid)?,
                duration_ns: nanoseconds(ms),
                heap_words: sizes.heap(),
                heap_block_words: sizes.heap_block(),
                old_heap_words: sizes.old_heap(),
                old_heap_block_words: sizes.old_heap_block(),
                stack_words: sizes.stack(),
                mbuf_words: sizes.mbuf(),
            })
        }),
        event if event == names::large_heap() => observed.emit(|_, (pid, sizes): (Term, Term)| {
            let sizes = heap_sizes(call, sizes)?;
            Some(wire::LargeHeap {
                pid: pid_of(pid)?,
                heap_words: sizes.heap(),
                heap_block_words: sizes.heap_block(),
                old_heap_words: sizes.old_heap(),
                old_heap_block_words: sizes.old_heap_block(),
                stack_words: sizes.stack(),
                mbuf_words: sizes.mbuf(),
            })
        }),
        event if event == names::long_schedule() => {
            observed.emit(|block, (pid, ms, came_in, went_out): (Term, u64, Term, Term)| {
                Some(wire::LongSchedule {
                    pid: pid_of(pid)?,
                    duration_ns: nanoseconds(ms),
                    in_function: function(call, block, came_in)?,
                    out_function: function(call, block, went_out)?,
                })
            })
        }
        event if event == names::port_long_schedule() => {
            observed.emit(|block, (port, ms, operation): (Term, u64, Term)| {
                Some(wire::PortLongSchedule {
                    port: layout::port(word(port))?,
                    duration_ns: nanoseconds(ms),
                    operation: atom_number(call, block, word(operation))?,
                })
            })
        }
        event if event == names::busy_port() => observed.emit(|_, (pid, port): (Term, Term)| {
            Some(wire::BusyPort { pid: pid_of(pid)?, port: layout::port(word(port))? })
        }),
        event if event == names::busy_dist_port() => observed.emit(|_, (pid, connection): (Term, Term)| {
            let connection = layout::entity(word(connection));
            let (id, kind) = connection.map_or((0, EntityKind::Unknown), |known| (known.id, known.kind));
            Some(wire::BusyDistPort { pid: pid_of(pid)?, connection: id, connection_kind: kind.to_wire() })
        }),
        event if event == names::long_message_queue() => observed.emit(|_, (pid, is_long): (Term, bool)| {
            Some(wire::LongMessageQueue { pid: pid_of(pid)?, is_long: is_long.into() })
        }),
        event if event == names::scheduler_load() => {
            observed.emit(|_, (Kind(kind), scheduler, busy_ns, length_ns)| {
                Some(wire::SchedulerLoad { kind: kind.to_wire(), scheduler, busy_ns, length_ns })
            })
        }
        event if event == names::scheduler_states() => observed.emit(scheduler_states),
        event if event == names::run_queue() => observed.emit(|_, (Kind(kind), scheduler, waiting)| {
            Some(wire::RunQueue { kind: kind.to_wire(), scheduler, waiting })
        }),
        event if event == names::allocator() => observed.emit(|block, held| allocator(call, block, held)),
        _ => return Err(Error::BadArg),
    }
    Ok(atoms::ok())
}

type States = (Kind, u32, (u64, u64, u64, u64, u64, u64, u64));

fn scheduler_states(_: &Block, (Kind(kind), scheduler, states): States) -> Option<wire::SchedulerStates> {
    let (emulator_ns, port_ns, gc_ns, check_io_ns, aux_ns, other_ns, sleep_ns) = states;
    Some(wire::SchedulerStates {
        kind: kind.to_wire(),
        scheduler,
        emulator_ns,
        port_ns,
        gc_ns,
        check_io_ns,
        aux_ns,
        other_ns,
        sleep_ns,
    })
}

/// Allocator, instance, multi-block carriers with their blocks, the pool, single-block carriers, and what was done.
type Held<'a> = (Term<'a>, u32, (u64, u64, u64, u64), (u64, u64), (u64, u64, u64), (u64, u64, u64));

fn allocator(env: CallEnv<'_>, block: &Block, held: Held<'_>) -> Option<wire::Allocator> {
    let (allocator, instance, mbc, pool, sbc, done) = held;
    Some(wire::Allocator {
        allocator: atom_number(env, block, word(allocator))?,
        instance,
        mbc_carriers: mbc.0,
        mbc_carriers_bytes: mbc.1,
        mbc_blocks: mbc.2,
        mbc_blocks_bytes: mbc.3,
        pool_carriers: pool.0,
        pool_carriers_bytes: pool.1,
        sbc_carriers: sbc.0,
        sbc_carriers_bytes: sbc.1,
        sbc_blocks_bytes: sbc.2,
        created: done.0,
        destroyed: done.1,
        fetched: done.2,
    })
}

/// One event on its way to a tap.
struct Observed<'a> {
    /// The tap's token, as a term.
    state: u64,
    fields: Term<'a>,
}

impl<'a> Observed<'a> {
    /// Hands over what `make` makes of the fields, unless the tap may not emit or they cannot be read.
    fn emit<F: Decoder<'a>, E: WireEvent>(&self, make: impl FnOnce(&Block, F) -> Option<E>) {
        if !board::is_enabled(E::KIND) {
            return;
        }
        let Some(block) = block::mine() else { return block::overflowed(E::KIND) };
        block.enter();
        if gate::is_open(self.state) && gate::spend(block, self.state) {
            match self.fields.decode().ok().and_then(|fields| make(block, fields)) {
                Some(event) => {
                    provider::emit(&event);
                    block.count(E::KIND, Outcome::Emitted);
                }
                None => block.count(E::KIND, Outcome::Unreadable),
            }
        } else {
            block.count(E::KIND, Outcome::Suppressed);
        }
        block.leave();
    }
}

/// A kind of scheduler.
struct Kind(ThreadKind);

impl<'a> Decoder<'a> for Kind {
    fn decode(term: Term<'a>) -> NifResult<Self> {
        match term.decode::<Atom>()? {
            kind if kind == names::scheduler() => Ok(Kind(ThreadKind::Scheduler)),
            kind if kind == names::dirty_cpu() => Ok(Kind(ThreadKind::DirtyCpu)),
            kind if kind == names::dirty_io() => Ok(Kind(ThreadKind::DirtyIo)),
            _ => Err(Error::BadArg),
        }
    }
}

fn word(term: Term) -> u64 {
    word_of(term.as_c_arg())
}

fn pid_of(term: Term) -> Option<u64> {
    layout::pid(word(term))
}

fn heap_sizes(env: CallEnv<'_>, list: Term) -> Option<HeapSizes> {
    term::heap_sizes(env, term::atoms()?, word(list))
}

/// The function's number; 0 for `undefined`.
fn function(env: CallEnv<'_>, block: &Block, term: Term) -> Option<u32> {
    if term.decode::<Atom>().is_ok_and(|atom| atom == names::undefined()) {
        return Some(0);
    }
    function_number(env, block, term::mfa(env, word(term))?)
}

const fn nanoseconds(milliseconds: u64) -> u64 {
    milliseconds.saturating_mul(1_000_000)
}
