//! Tests of the whole line are in `tests/`; here is only where they find what was built.

use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A library or program that `scripts/build-native` made: from `BEAMTAP_NATIVE_DIR` where that is set.
///
/// # Panics
///
/// Panics when it has not been built.
pub fn native(name: &str) -> PathBuf {
    let directory =
        std::env::var_os("BEAMTAP_NATIVE_DIR").map_or_else(|| root().join("priv/native"), PathBuf::from);
    let path = directory.join(name);
    assert!(path.exists(), "{} is missing: run scripts/build-native", path.display());
    path
}
