//! The ways in which an event can get lost, and the counters that prove that no event got lost unseen.
//!
//! The sum law: `emitted = read + discarded + lost + gap + residual`. Every report prints the residual if it is not
//! 0.

/// A way in which events get lost between the VM and the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Loss {
    /// Held back in the VM.
    Suppressed,
    /// A term of the VM was of an unknown form.
    Unreadable,
    /// A text was cut. The event itself is recorded.
    Truncated,
    /// LTTng's buffers were full.
    Discarded,
    /// A whole packet was overwritten or never arrived.
    LostPackets,
    /// The recording itself was interrupted.
    Gap,
}

/// The name and the meaning of a loss.
#[derive(Clone, Copy, Debug)]
pub struct LossInfo {
    /// Which loss.
    pub loss: Loss,
    /// Its name in reports.
    pub name: &'static str,
    /// What happened, and what to do.
    pub doc: &'static str,
}

/// All losses, in the order from the VM to the reader.
pub const LOSSES: [LossInfo; 6] = [
    LossInfo {
        loss: Loss::Suppressed,
        name: "suppressed",
        doc: "Held back in the VM by a limit, or because no recording was open. Raise the limit.",
    },
    LossInfo {
        loss: Loss::Unreadable,
        name: "unreadable",
        doc: "The VM passed a term of a form that beamtap does not know. The event is counted, not emitted.",
    },
    LossInfo { loss: Loss::Truncated, name: "truncated", doc: "Emitted, with a text cut to its limit." },
    LossInfo {
        loss: Loss::Discarded,
        name: "discarded",
        doc: "LTTng dropped the event because its buffers were full. Enlarge the buffers or trace less.",
    },
    LossInfo {
        loss: Loss::LostPackets,
        name: "lost",
        doc: "Packets were overwritten (flight recorder) or never arrived. The number of their events follows from the \
              VM's counters.",
    },
    LossInfo {
        loss: Loss::Gap,
        name: "gap",
        doc: "The recording was interrupted. The events were emitted meanwhile, or lost with the buffers.",
    },
];

/// The VM's counters for one kind of event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Number of events handed to LTTng.
    pub emitted: u64,
    /// Number of events held back by a limit, or because no recording was open.
    pub suppressed: u64,
    /// Number of events not emitted because a term was of an unknown form.
    pub unreadable: u64,
    /// Number of events emitted with a text cut to its limit.
    pub truncated: u64,
}

impl Counters {
    /// The counts between `earlier` and `self`. `None` if a counter is smaller than before: counters only grow, so
    /// the two are not of the same VM.
    pub fn checked_since(self, earlier: Counters) -> Option<Counters> {
        Some(Counters {
            emitted: self.emitted.checked_sub(earlier.emitted)?,
            suppressed: self.suppressed.checked_sub(earlier.suppressed)?,
            unreadable: self.unreadable.checked_sub(earlier.unreadable)?,
            truncated: self.truncated.checked_sub(earlier.truncated)?,
        })
    }

    /// The counts between `earlier` and `self`; 0 if they are not of the same VM.
    pub fn since(self, earlier: Counters) -> Counters {
        self.checked_since(earlier).unwrap_or_default()
    }
}
