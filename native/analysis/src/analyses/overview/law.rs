//! The sum law: what the VM says it emitted is what was read, plus every loss that has a name.
//!
//! It is a proof only where each term has a source of its own. Two have none: what lost packets held, and what was in
//! buffers that were lost when a recording was interrupted, is what the counters leave over. So with lost packets the
//! residual is not known, unless it is below 0; and a gap takes up all that is missing of the part before it.

use crate::item::Lost;
use beamtap_schema::{CATALOGUE, Class, Counters, EVENT_COUNT, EventKind, Phase, event};

/// What the counters of one kind have told so far.
#[derive(Clone, Copy)]
struct Account {
    first: Counters,
    last: Counters,
    /// Recordings that have begun and not ended; another tap's may lie within the trace's own.
    open: u32,
    /// Events of the kind that had been read at the first counters.
    read_at_first: u64,
    /// Events of the kind that had been read at the last counters.
    read_at_last: u64,
    /// Emitted between the end of one recording and the beginning of the next, and not read.
    gap: u64,
    /// Emitted from the beginning of a recording that was interrupted to the beginning of the next, and not read.
    interrupted: u64,
}

/// The accounts of all kinds, opened and closed by the `counters` events of the trace.
pub(super) struct Law {
    accounts: [Option<Account>; EVENT_COUNT],
    /// Kinds whose first counters were not those of a beginning.
    headless: bool,
    /// Some counter was smaller than before: it is not the same VM's.
    went_back: bool,
    /// The recording's beginning was in buffers that were lost when it was interrupted.
    unbegun: Option<Unbegun>,
    /// When the last counters were those before a snapshot.
    snapshot_ns: Option<u64>,
    /// A `gap` event was the last to tell how the recording stands: the counters that follow begin it anew.
    is_interrupted: bool,
    /// Discarded in the packets of such recordings: that has a name of its own.
    discarded_then: u64,
    /// Discarded in all packets up to the last counters of an end, or of such a beginning.
    discarded_before: u64,
    /// When the recording was taken up after it was interrupted last.
    taken_up_ns: Option<u64>,
    /// Discarded around such moments, by packets that began before and after: they do not tell how many before the moment
    /// and how many after.
    discarded_across: [u64; 2],
}

/// What is known of a recording up to the first time it was interrupted, where its first counters are missing.
#[derive(Clone, Copy)]
struct Unbegun {
    /// Emitted since the first counters.
    emitted: u64,
    /// Read up to then, but for the first canary, which comes before the first counters.
    read: u64,
}

/// A flight recorder's snapshot ends so soon after the counters that announce it.
const SNAPSHOT_NS: u64 = 10_000_000_000;

impl Default for Law {
    fn default() -> Self {
        Law {
            accounts: [None; EVENT_COUNT],
            headless: false,
            went_back: false,
            unbegun: None,
            snapshot_ns: None,
            is_interrupted: false,
            discarded_then: 0,
            discarded_before: 0,
            taken_up_ns: None,
            discarded_across: [0; 2],
        }
    }
}

/// The law's terms for a whole trace.
pub(super) struct Sum {
    /// What happened to each kind between its first and its last counters.
    pub(super) kinds: [Option<Counters>; EVENT_COUNT],
    /// What the VM handed to LTTng, definitions included: as its counters say, and what was read from outside the
    /// stretch they count; or a sentence on why that is not known.
    pub(super) emitted: Result<u64, &'static str>,
    /// Where `emitted` is not known: what was emitted at the least.
    pub(super) at_least: Option<u64>,
    /// Events read, `counters` events left out.
    pub(super) read: u64,
    /// Those of them that are beamtap's own: definitions, canaries, and what became of the tap.
    pub(super) definitions: u64,
    /// Those of them before the first or after the last counters.
    pub(super) outside: u64,
    /// `counters` events read: they are not counted themselves.
    pub(super) counters: u64,
    pub(super) discarded: u64,
    pub(super) lost_packets: u64,
    /// Events in lost packets, which only the comparison tells; 0 where no packet was lost.
    pub(super) lost: Option<u64>,
    /// Not known where counters are of several VMs.
    pub(super) gap: Option<u64>,
    /// What is left over; 0 when nothing got lost unseen. Not known where packets were lost, unless it is below 0.
    pub(super) residual: Option<i64>,
}

impl Law {
    /// Takes in one `gap` event; `read` counts the events read before it, by kind. `is_own` says that it is about the
    /// recording that the trace is of.
    pub(super) fn interrupt(&mut self, gap: &event::Gap<'_>, is_own: bool, read: &[u64; EVENT_COUNT]) {
        self.is_interrupted = true;
        self.taken_up_ns = None;
        if is_own && self.unbegun.is_none() && self.accounts.iter().all(Option::is_none) {
            let of = |kind: EventKind| read[kind as usize];
            let uncounted = of(EventKind::CountersOf) + of(EventKind::Gap) + of(EventKind::Canary).min(1);
            let read = read.iter().sum::<u64>() - uncounted;
            self.unbegun = Some(Unbegun { emitted: gap.since_begin, read });
        }
    }

    /// Takes in what LTTng discarded in one packet.
    pub(super) fn discard(&mut self, lost: &Lost) {
        if self.taken_up_ns.is_some_and(|ns| is_across(lost, ns)) {
            self.discarded_across[1] = self.discarded_across[1].saturating_add(lost.count);
        }
    }

    /// Takes in one `counters` event; `read` counts the events read before it, by kind, and `discarded` those that the
    /// packets before it told of.
    pub(super) fn count(
        &mut self,
        counters: &event::CountersOf<'_>,
        ns: u64,
        read: &[u64; EVENT_COUNT],
        discarded: &Discarded<'_>,
    ) {
        let (Some(kind), Some(phase)) =
            (EventKind::from_name(counters.event), Phase::from_wire(counters.phase))
        else {
            return;
        };
        self.snapshot_ns = (phase == Phase::Snapshot).then_some(ns);
        if phase == Phase::Snapshot {
            // Read while events were emitted: they say where a snapshot ends, not what is in it.
            return;
        }
        let now = Counters {
            emitted: counters.emitted,
            suppressed: counters.suppressed,
            unreadable: counters.unreadable,
            truncated: counters.truncated,
        };
        let read = read[kind as usize];
        if self.is_interrupted && phase == Phase::Begin {
            if self.taken_up_ns.is_none() {
                self.taken_up_ns = Some(ns);
                let across = discarded.last.iter().filter(|lost| is_across(lost, ns));
                let across = total(across.map(|lost| lost.count));
                self.discarded_across[0] = self.discarded_across[0].saturating_add(across);
            }
            let since = discarded.total.saturating_sub(self.discarded_before);
            self.discarded_then = self.discarded_then.saturating_add(since);
            self.discarded_before = discarded.total;
        } else if phase == Phase::End {
            self.is_interrupted = false;
            self.discarded_before = discarded.total;
        }
        let Some(account) = &mut self.accounts[kind as usize] else {
            self.headless |= phase != Phase::Begin;
            let open = u32::from(phase != Phase::End);
            self.accounts[kind as usize] = Some(Account {
                first: now,
                last: now,
                open,
                read_at_first: read,
                read_at_last: read,
                gap: 0,
                interrupted: 0,
            });
            return;
        };
        let Some(since_last) = now.checked_since(account.last) else {
            self.went_back = true;
            return;
        };
        if phase == Phase::Joined {
            // Where it was read before, it is another recording that begins with it.
            if read == account.read_at_first {
                (account.first, account.last) = (now, now);
            }
            return;
        }
        if account.open == 0 && phase == Phase::Begin {
            // What was emitted between recordings and yet read, such as definitions, is no gap.
            let missed = since_last.emitted.saturating_sub(read - account.read_at_last);
            account.gap = account.gap.saturating_add(missed);
        } else if self.is_interrupted && phase == Phase::Begin {
            let missed = since_last.emitted.saturating_sub(read - account.read_at_last);
            account.interrupted = account.interrupted.saturating_add(missed);
        }
        account.last = now;
        account.open = match phase {
            // In place of the one that was interrupted, which has no end.
            Phase::Begin if self.is_interrupted => account.open.max(1),
            Phase::Begin => account.open + 1,
            Phase::Running | Phase::Joined | Phase::Snapshot => account.open,
            Phase::End => account.open.saturating_sub(1),
        };
        account.read_at_last = read;
    }

    /// Draws up the sum, for a trace that ends at `end_ns`. `read` counts all events of the trace by kind; `declared` says which kinds the trace may hold:
    /// what the VM emitted of others is another recording's.
    pub(super) fn sum(
        &self,
        read: &[u64; EVENT_COUNT],
        declared: &[bool; EVENT_COUNT],
        discarded: u64,
        lost_packets: u64,
        is_one_vm: bool,
        end_ns: u64,
    ) -> Sum {
        let counted = || {
            let all = self.accounts.iter().zip(read).zip(0..);
            all.filter(|(_, kind)| !is_counters(*kind) && declared[*kind])
        };
        let accounts = || counted().filter_map(|((account, _), _)| account.as_ref());
        let all: u64 = counted().map(|((_, read), _)| read).sum();
        let inside: u64 = accounts().map(|a| a.read_at_last - a.read_at_first).sum();
        let outside = all - inside;
        // Emitted before the first counters that are there, and not read.
        let unbegun = self.unbegun.map_or(0, |unbegun| unbegun.emitted.saturating_sub(unbegun.read));
        let told =
            total([outside, unbegun].into_iter().chain(accounts().map(|a| a.last.since(a.first).emitted)));
        let is_counted = accounts().next().is_some();
        let is_one_vm = is_one_vm && !self.went_back;
        let is_snapshot = self.snapshot_ns.is_some_and(|ns| end_ns.saturating_sub(ns) < SNAPSHOT_NS);
        let emitted = if !is_one_vm {
            Err("The number of emitted events is unknown: several VMs recorded into the trace.")
        } else if is_snapshot {
            Err(
                "This is a snapshot of a flight recorder. It has the events that were in the buffers; overwritten \
                 events are not counted.",
            )
        } else if !is_counted {
            Err("The number of emitted events is unknown: the trace has no counters.")
        } else if self.headless || counted().any(|((account, read), _)| account.is_none() && *read > 0) {
            Err("The number of emitted events is unknown: the counters from the start are missing.")
        } else if accounts().any(|account| account.open > 0) {
            Err(
                "The number of emitted events is unknown: the counters from the end are missing. The tap still \
                 records, or its VM was killed.",
            )
        } else {
            Ok(told)
        };
        // Of another tap's recording that was interrupted the trace may lack nothing.
        let interrupted = total([unbegun].into_iter().chain(accounts().map(|account| account.interrupted)));
        let mut gap = total(accounts().map(|account| account.gap))
            .saturating_add(interrupted.saturating_sub(self.discarded_then));
        if let (Ok(emitted), 0) = (emitted, lost_packets) {
            // What was discarded around the moment may have been after it, or before.
            let [early, late] = self.discarded_across;
            let (least, most) =
                (gap.saturating_sub(late), gap.saturating_add(early).min(gap.max(interrupted)));
            gap = emitted.saturating_sub(all.saturating_add(discarded)).clamp(least, most);
        }
        let unexplained = emitted.ok().map(|emitted: u64| {
            let explained = i128::from(all) + i128::from(discarded) + i128::from(gap);
            (i128::from(emitted) - explained).clamp(i64::MIN.into(), i64::MAX.into()) as i64
        });
        let (lost, residual) = match (lost_packets, unexplained) {
            (0, unexplained) => (Some(0), unexplained),
            (_, None) => (None, None),
            (_, Some(events)) => match u64::try_from(events) {
                Ok(lost) => (Some(lost), None),
                Err(_) => (Some(0), Some(events)),
            },
        };
        let is_at_least = emitted.is_err() && !is_snapshot && is_one_vm && !self.headless && is_counted;
        Sum {
            kinds: std::array::from_fn(|kind| {
                let account = self.accounts[kind].filter(|_| declared[kind] && is_one_vm);
                account.map(|account| account.last.since(account.first))
            }),
            emitted,
            at_least: is_at_least.then_some(told),
            read: all,
            definitions: counted()
                .filter(|(_, kind)| CATALOGUE[*kind].class == Class::Own)
                .map(|((_, read), _)| read)
                .sum(),
            outside,
            counters: read[EventKind::CountersOf as usize],
            discarded,
            lost_packets,
            lost,
            gap: is_one_vm.then_some(gap),
            residual,
        }
    }
}

/// What was discarded so far.
pub(super) struct Discarded<'a> {
    pub(super) total: u64,
    /// The last of each stream.
    pub(super) last: &'a [Lost],
}

/// What a trace says of itself can be anything.
pub(super) fn total(counts: impl Iterator<Item = u64>) -> u64 {
    counts.fold(0, u64::saturating_add)
}

fn is_across(lost: &Lost, ns: u64) -> bool {
    lost.begin_ns < ns && ns <= lost.end_ns
}

fn is_counters(kind: usize) -> bool {
    kind == EventKind::CountersOf as usize
}
