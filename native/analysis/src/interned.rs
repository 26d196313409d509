//! Values by interned number: functions, atoms.

use foldhash::{HashMap, HashMapExt};

/// A table from interned numbers to values.
///
/// The VM's numbers are places in a table of 2^17 entries, so small numbers index a vector. Numbers from
/// [`Interned::<T>::DENSE`](Interned::DENSE) on, which only a damaged trace has, are in a hash table.
#[derive(Debug)]
pub struct Interned<T> {
    dense: Vec<Option<T>>,
    sparse: HashMap<u32, T>,
}

impl<T> Default for Interned<T> {
    fn default() -> Self {
        Interned { dense: Vec::new(), sparse: HashMap::new() }
    }
}

impl<T> Interned<T> {
    /// Numbers below this one are looked up without hashing.
    pub const DENSE: u32 = 1 << 18;

    /// The value with this number, if it was set.
    #[inline]
    pub fn get(&self, id: u32) -> Option<&T> {
        if id < Self::DENSE { self.dense.get(id as usize)?.as_ref() } else { self.sparse.get(&id) }
    }

    /// The value with this number, to be changed, if it was set.
    #[inline]
    pub fn get_mut(&mut self, id: u32) -> Option<&mut T> {
        if id < Self::DENSE { self.dense.get_mut(id as usize)?.as_mut() } else { self.sparse.get_mut(&id) }
    }

    /// The value with this number, to be changed; its default when it was not set.
    #[inline]
    pub fn get_or_insert_default(&mut self, id: u32) -> &mut T
    where
        T: Default,
    {
        if id >= Self::DENSE {
            return self.sparse.entry(id).or_default();
        }
        self.place(id).get_or_insert_with(T::default)
    }

    #[inline]
    fn place(&mut self, id: u32) -> &mut Option<T> {
        let index = id as usize;
        if index >= self.dense.len() {
            self.dense.resize_with(index + 1, || None);
        }
        &mut self.dense[index]
    }

    /// Sets the value with this number and returns the one it had.
    pub fn insert(&mut self, id: u32, value: T) -> Option<T> {
        if id >= Self::DENSE {
            return self.sparse.insert(id, value);
        }
        self.place(id).replace(value)
    }

    /// Every value that was set, with its number.
    pub fn into_values(self) -> impl Iterator<Item = (u32, T)> {
        let dense = self.dense.into_iter().zip(0..).filter_map(|(value, id)| Some((id, value?)));
        dense.chain(self.sparse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_huge_numbers_are_kept_alike() {
        let mut table = Interned::default();
        for id in [0, 1, 70_000, Interned::<u32>::DENSE, u32::MAX] {
            assert_eq!(table.get(id), None);
            assert_eq!(table.insert(id, id), None);
            assert_eq!(table.insert(id, id / 2), Some(id));
            assert_eq!(table.get(id), Some(&(id / 2)));
        }
        assert!(table.dense.len() <= 70_001, "a huge number must not cost a huge table");
        assert_eq!(table.into_values().count(), 5);
    }
}
