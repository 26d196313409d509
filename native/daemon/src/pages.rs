//! Lines that several threads write.

use crate::scribe::Scribe;
use beamtap_ctf::Event;
use std::sync::{Mutex, PoisonError};

/// Lines about events that follow each other.
pub(crate) struct Page {
    scribe: Scribe,
    text: Vec<u8>,
    events: u64,
}

impl Page {
    /// Appends the event's line, if it is wanted.
    #[inline]
    pub(crate) fn event(&mut self, event: Event<'_>) {
        self.scribe.write(event, &mut self.text);
        self.events += 1;
    }

    pub(crate) fn scribe(&self) -> &Scribe {
        &self.scribe
    }

    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Number of events that were looked at.
    pub(crate) fn events(&self) -> u64 {
        self.events
    }
}

/// Pages that nobody writes on: they are used again, as what was learnt of the trace is, and memory.
pub(crate) struct Pages {
    scribe: Scribe,
    blank: Mutex<Vec<Page>>,
}

impl Pages {
    /// Pages as this scribe would write them.
    pub(crate) fn new(scribe: Scribe) -> Pages {
        Pages { scribe, blank: Mutex::default() }
    }

    /// A page to write on.
    pub(crate) fn take(&self) -> Page {
        let blank = self.blank.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut page =
            blank.unwrap_or_else(|| Page { scribe: self.scribe.clone(), text: Vec::new(), events: 0 });
        page.scribe.begin_page();
        page
    }

    /// Gives back a page that was read.
    pub(crate) fn give_back(&self, mut page: Page) {
        page.text.clear();
        page.text.shrink_to(LARGEST);
        page.events = 0;
        self.blank.lock().unwrap_or_else(PoisonError::into_inner).push(page);
    }
}

/// Bytes that a page keeps for what is written next.
const LARGEST: usize = 2 << 20;

impl IntoIterator for Pages {
    type Item = Page;
    type IntoIter = std::vec::IntoIter<Page>;

    fn into_iter(self) -> Self::IntoIter {
        self.blank.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter()
    }
}
