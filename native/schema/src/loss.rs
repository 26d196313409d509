//! The ways an event can get lost, and the counters that prove that none got lost unseen.
//!
//! The sum law: `emitted = read + discarded + lost + gap`. What is left over is the residual, and every report
//! prints it.

/// One way in which events go missing between the VM and the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Loss {
    /// Kept back inside the VM.
    Suppressed,
    /// The VM's term could not be read.
    Unreadable,
    /// A text was cut; the event itself is there.
    Truncated,
    /// LTTng's buffers were full.
    Discarded,
    /// A whole packet was overwritten or never arrived.
    LostPackets,
    /// The recording itself was interrupted.
    Gap,
}

/// What a loss is called and what it means.
#[derive(Clone, Copy, Debug)]
pub struct LossInfo {
    /// Which loss.
    pub loss: Loss,
    /// Its name in reports.
    pub name: &'static str,
    /// What happened, and what to do about it.
    pub doc: &'static str,
}

/// Every loss there is, from the VM outwards.
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

/// What happened to the events of one kind inside the VM.
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
    /// What was counted between `earlier` and `self`; `None` where a counter is smaller than before. Counters only grow,
    /// so that these are not of one VM.
    pub fn checked_since(self, earlier: Counters) -> Option<Counters> {
        Some(Counters {
            emitted: self.emitted.checked_sub(earlier.emitted)?,
            suppressed: self.suppressed.checked_sub(earlier.suppressed)?,
            unreadable: self.unreadable.checked_sub(earlier.unreadable)?,
            truncated: self.truncated.checked_sub(earlier.truncated)?,
        })
    }

    /// What was counted between `earlier` and `self`; nothing where that is not told.
    pub fn since(self, earlier: Counters) -> Counters {
        self.checked_since(earlier).unwrap_or_default()
    }
}
