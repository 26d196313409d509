//! What each thread of the VM keeps for itself: counters, a cache of interned functions, its share of the limits.
//!
//! Blocks stand ready in zeroed static memory, which costs nothing until it is touched: the tracer path never
//! allocates. A thread takes one at its first event and keeps it; the VM's threads live as long as the VM.

use crate::clock::monotonic_ns;
use crate::intern::Words;
use crate::layout;
use crate::own_word;
use crate::pid_text::PidTexts;
use beamtap_schema::{Counters, EVENT_COUNT, EventKind};
use std::sync::atomic::{
    AtomicU32, AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
    compiler_fence,
};

/// Threads that can trace. A VM has its schedulers and dirty schedulers; beyond this, events are counted as suppressed.
const BLOCKS: usize = 1024;
const CACHE_BITS: u32 = 11;
/// One in so many events of a kind is timed: looking at the clock twice then costs less than a nanosecond per event.
const SAMPLE_EVERY: u64 = 64;
/// What takes longer was interrupted by the kernel.
const LONGEST_SAMPLE_NS: u64 = 50_000;
/// Slots of the gate, and so of shares.
pub(crate) const SLOTS: usize = 8;

/// What happened to an event, in the order of the fields of `Counters`.
#[derive(Clone, Copy)]
pub(crate) enum Outcome {
    Emitted,
    Suppressed,
    Unreadable,
    Truncated,
}
const OUTCOMES: usize = 4;

/// What has a number, as the VM's words: events are compared with these as they come.
#[repr(C, align(32))]
struct CacheEntry {
    words: [AtomicU64; 3],
    id: AtomicU32,
}

/// A thread's part of a tap's event budget, and whose it is.
pub(crate) struct Share {
    pub(crate) token: AtomicU64,
    pub(crate) left: AtomicU64,
}

/// One thread's own memory. Only its thread writes; others read counters at any time.
#[repr(C, align(128))]
pub(crate) struct Block {
    /// 1 while the thread is between [`Block::enter`] and [`Block::leave`].
    active: AtomicU32,
    thread_id: AtomicU32,
    /// The process that it met last: as the VM has it, and as events do.
    recent_word: AtomicU64,
    recent_pid: AtomicU64,
    pub(crate) shares: [Share; SLOTS],
    counters: [[AtomicU64; OUTCOMES]; EVENT_COUNT],
    samples: AtomicU64,
    sampled_ns: AtomicU64,
    /// 1 while an event is timed.
    timing: AtomicU32,
    cache: [CacheEntry; 1 << CACHE_BITS],
    pub(crate) pids: PidTexts,
}

static POOL: [Block; BLOCKS] = [const { Block::new() }; BLOCKS];
static TAKEN: AtomicUsize = AtomicUsize::new(0);
/// Events of threads that found no block.
static OVERFLOW: [AtomicU64; EVENT_COUNT] = [const { AtomicU64::new(0) }; EVENT_COUNT];
/// Set until the kernel has promised a membarrier, and where it has none: then every event pays for a full fence.
#[cfg_attr(target_os = "linux", unsafe(link_section = ".data.beamtap_hot"))]
static NEEDS_FENCE: AtomicU32 = AtomicU32::new(1);

/// This thread's block, if it has taken one.
#[inline(always)]
pub(crate) fn mine_already() -> Option<&'static Block> {
    let block = std::ptr::with_exposed_provenance::<Block>(own_word::get());
    // SAFETY: the word is 0 or, from `take`, the address of a block of the pool, which is static and shared by atomics only.
    unsafe { block.as_ref() }
}

/// This thread's block; nothing when all are taken.
#[inline]
pub(crate) fn mine() -> Option<&'static Block> {
    mine_already().or_else(take)
}

#[cold]
fn take() -> Option<&'static Block> {
    let place = TAKEN.fetch_add(1, Relaxed);
    if place >= BLOCKS {
        TAKEN.store(BLOCKS, Relaxed);
        return None;
    }
    let block = &POOL[place];
    // SAFETY: gettid takes nothing and cannot fail. It is the one system call on this path, once per thread.
    let thread_id = unsafe { libc::syscall(libc::SYS_gettid) };
    block.thread_id.store(thread_id as u32, Relaxed);
    own_word::set((&raw const *block).expose_provenance());
    Some(block)
}

/// Counts an event of a thread that found no block.
#[cold]
pub(crate) fn overflowed(kind: EventKind) {
    OVERFLOW[kind as usize].fetch_add(1, Relaxed);
}

fn taken() -> &'static [Block] {
    &POOL[..TAKEN.load(Relaxed).min(BLOCKS)]
}

/// The counters of every kind, over all threads.
pub(crate) fn counters() -> [Counters; EVENT_COUNT] {
    let mut sums = [Counters::default(); EVENT_COUNT];
    for (sum, overflow) in sums.iter_mut().zip(&OVERFLOW) {
        sum.suppressed = overflow.load(Relaxed);
    }
    for block in taken() {
        for (sum, counters) in sums.iter_mut().zip(&block.counters) {
            let [emitted, suppressed, unreadable, truncated] =
                counters.each_ref().map(|counter| counter.load(Relaxed));
            sum.emitted += emitted;
            sum.suppressed += suppressed;
            sum.unreadable += unreadable;
            sum.truncated += truncated;
        }
    }
    sums
}

/// How many events were timed since the load, and what they took together in nanoseconds, over all threads. The time of
/// looking at the clock is taken off.
pub(crate) fn timed() -> (u64, u64) {
    let (samples, ns) = taken().iter().fold((0, 0), |(samples, ns), block| {
        (samples + block.samples.load(Relaxed), ns + block.sampled_ns.load(Relaxed))
    });
    (samples, ns - ns.min(samples * clock_cost_ns()))
}

/// The quickest of some looks at the clock.
fn clock_cost_ns() -> u64 {
    (0..64)
        .map(|_| {
            let begin = monotonic_ns();
            monotonic_ns() - begin
        })
        .min()
        .unwrap_or(0)
}

/// What threads still hold of the budget of the tap with this token.
pub(crate) fn unspent(slot: usize, token: u64) -> u64 {
    taken()
        .iter()
        .filter(|block| block.shares[slot].token.load(Relaxed) == token)
        .map(|block| block.shares[slot].left.load(Relaxed))
        .sum()
}

/// Asks the kernel for the cheap way in which [`quiesce`] makes other threads' stores visible. The first time in a process
/// takes the kernel some 10 ms (it waits for all its cores): nothing for a scheduler.
pub(crate) fn prepare_barrier() {
    if membarrier(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0 {
        NEEDS_FENCE.store(0, Relaxed);
    }
}

fn membarrier(command: libc::c_int) -> libc::c_long {
    // SAFETY: membarrier takes a command, flags and a cpu, all plain numbers, and touches no memory of ours.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) }
}

/// Waits until no thread is inside a callback that began before the gate was closed. Answers whether that came true
/// within five seconds; a callback takes microseconds, so only a stopped thread can make it fail.
pub(crate) fn quiesce() -> bool {
    // Pairs with `enter`: after this, a thread whose mark we do not see has seen the closed gate.
    std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
    if NEEDS_FENCE.load(Relaxed) == 0 {
        membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED);
    }
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(5);
    taken().iter().all(|block| {
        while block.active.load(Acquire) != 0 {
            if std::time::Instant::now() > deadline {
                return false;
            }
            std::thread::yield_now();
        }
        true
    })
}

impl Block {
    const fn new() -> Self {
        Block {
            active: AtomicU32::new(0),
            thread_id: AtomicU32::new(0),
            recent_word: AtomicU64::new(0),
            recent_pid: AtomicU64::new(0),
            shares: [const { Share { token: AtomicU64::new(0), left: AtomicU64::new(0) } }; SLOTS],
            counters: [const { [const { AtomicU64::new(0) }; OUTCOMES] }; EVENT_COUNT],
            samples: AtomicU64::new(0),
            sampled_ns: AtomicU64::new(0),
            timing: AtomicU32::new(0),
            cache: [const { CacheEntry { words: [const { AtomicU64::new(0) }; 3], id: AtomicU32::new(0) } };
                1 << CACHE_BITS],
            pids: PidTexts::new(),
        }
    }

    /// Marks the thread as inside a callback. Whatever it reads of the gate afterwards is honoured by [`quiesce`].
    #[inline]
    pub(crate) fn enter(&self) {
        self.active.store(1, Relaxed);
        if NEEDS_FENCE.load(Relaxed) == 0 {
            // quiesce() sends a barrier to every running thread, so that this one need not pay for its own.
            compiler_fence(std::sync::atomic::Ordering::SeqCst);
        } else {
            std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
        }
    }

    /// The thread has left the callback.
    #[inline]
    pub(crate) fn leave(&self) {
        self.active.store(0, Release);
    }

    /// The thread has left the callback by a panic.
    pub(crate) fn leave_by_panic(&self) {
        self.timing.store(0, Relaxed);
        self.leave();
    }

    /// The kernel's id of the thread.
    #[inline]
    pub(crate) fn thread_id(&self) -> u32 {
        self.thread_id.load(Relaxed)
    }

    /// The id of a local process, as [`layout::pid`]; the last one's is at hand.
    #[inline(always)]
    pub(crate) fn pid(&self, word: u64) -> Option<u64> {
        if self.recent_word.load(Relaxed) == word {
            return Some(self.recent_pid.load(Relaxed));
        }
        let pid = layout::pid(word)?;
        self.recent_pid.store(pid, Relaxed);
        self.recent_word.store(word, Relaxed);
        Some(pid)
    }

    /// Whether the next event of this kind is one to be timed, and not being timed already.
    #[inline(always)]
    pub(crate) fn is_to_be_timed(&self, kind: EventKind) -> bool {
        // Not the first ones: they find every cache cold.
        self.emitted(kind) % SAMPLE_EVERY == SAMPLE_EVERY / 2 && self.is_not_timing()
    }

    #[cold]
    fn is_not_timing(&self) -> bool {
        self.timing.load(Relaxed) == 0
    }

    #[inline(always)]
    fn emitted(&self, kind: EventKind) -> u64 {
        self.counters[kind as usize][Outcome::Emitted as usize].load(Relaxed)
    }

    /// Has `take` take what is given of an event of this kind, and keeps how long that was if the event was emitted.
    #[cold]
    #[inline(never)]
    pub(crate) fn time<G, T>(&self, kind: EventKind, take: impl FnOnce(G) -> T, given: G) -> T {
        self.timing.store(1, Relaxed);
        let emitted = self.emitted(kind);
        let begin = monotonic_ns();
        let taken = take(given);
        let ns = monotonic_ns() - begin;
        self.timing.store(0, Relaxed);
        if self.emitted(kind) != emitted && ns < LONGEST_SAMPLE_NS {
            self.samples.store(self.samples.load(Relaxed) + 1, Relaxed);
            self.sampled_ns.store(self.sampled_ns.load(Relaxed) + ns, Relaxed);
        }
        taken
    }

    /// Counts what happened to an event. A load and a store: nobody else writes here.
    #[inline]
    pub(crate) fn count(&self, kind: EventKind, outcome: Outcome) {
        let counter = &self.counters[kind as usize][outcome as usize];
        counter.store(counter.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// The number of what this thread has met lately; nothing when it has to be looked up.
    #[inline(always)]
    pub(crate) fn cached(&self, words: Words) -> Option<u32> {
        let entry = self.entry(words);
        let is_it = entry.words.iter().zip(words).all(|(kept, word)| kept.load(Relaxed) == word);
        is_it.then(|| entry.id.load(Relaxed))
    }

    /// Remembers a number in place of whatever stood there.
    pub(crate) fn remember(&self, words: Words, id: u32) {
        let entry = self.entry(words);
        entry.words.iter().zip(words).for_each(|(kept, word)| kept.store(word, Relaxed));
        entry.id.store(id, Relaxed);
    }

    #[inline(always)]
    fn entry(&self, [first, second, third]: Words) -> &CacheEntry {
        let mixed = (first.rotate_left(32) ^ second).wrapping_add(third).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        &self.cache[(mixed >> (u64::BITS - CACHE_BITS)) as usize]
    }
}
