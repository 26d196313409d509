//! One event as the VM hands it over.

use crate::block::Block;
use crate::sys::CallEnv;

/// What the VM gives a callback that takes an event: the tag, the tracer's state, and the rest.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a> {
    pub(crate) env: CallEnv<'a>,
    pub(crate) words: &'a [u64; 5],
}

impl<'a> Given<'a> {
    #[inline(always)]
    pub(crate) const fn tag(self) -> u64 {
        self.words[0]
    }

    #[inline(always)]
    pub(crate) const fn state(self) -> u64 {
        self.words[1]
    }

    #[inline(always)]
    pub(crate) const fn traced(self) -> Traced<'a> {
        let &[_, _, tracee, term, options] = self.words;
        Traced { env: self.env, tracee, term, options }
    }
}

/// One traced event, as the VM hands it over.
#[derive(Clone, Copy)]
pub(crate) struct Traced<'a> {
    pub(crate) env: CallEnv<'a>,
    pub(crate) tracee: u64,
    pub(crate) term: u64,
    pub(crate) options: u64,
}

impl Traced<'_> {
    /// The process, and the number of a function that this thread has seen lately.
    #[inline(always)]
    pub(crate) fn process_and_function(&self, block: &Block) -> Option<(u64, u32)> {
        let &[module, name, arity] = self.env.tuple_in_place(self.term)? else { return None };
        let function = block.cached([module, name, arity])?;
        Some((block.pid(self.tracee)?, function))
    }
}
