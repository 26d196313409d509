//! How many faults are told one by one: a broken trace may have more than anybody reads.

use crate::quantity;

/// Faults that are told; those beyond are counted.
const TOLD: u64 = 100;

/// Counts faults.
#[derive(Default)]
pub(crate) struct Faults {
    count: u64,
}

impl Faults {
    /// Takes one more; says whether it is to be told.
    pub(crate) fn tells_one_more(&mut self) -> bool {
        self.count += 1;
        self.count <= TOLD
    }

    pub(crate) fn are_there(&self) -> bool {
        self.count > 0
    }

    /// What to say of those that were only counted.
    pub(crate) fn rest(&self) -> Option<String> {
        let rest = self.count.checked_sub(TOLD).filter(|rest| *rest > 0)?;
        Some(format!("{} more faults are not listed", quantity::count(rest)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_told_and_the_others_counted() {
        let mut faults = Faults::default();
        assert!(!faults.are_there());
        assert_eq!((0..1200).filter(|_| faults.tells_one_more()).count(), 100);
        assert!(faults.are_there());
        assert_eq!(faults.rest().as_deref(), Some("1,100 more faults are not listed"));
        let mut few = Faults::default();
        assert!((0..100).all(|_| few.tells_one_more()));
        assert_eq!(few.rest(), None);
    }
}
