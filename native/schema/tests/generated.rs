//! Derived files are committed, and this keeps them true: it rewrites them locally and fails where `CI` is set.

use std::path::Path;

#[test]
fn derived_files_are_what_the_catalogue_renders() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut stale = Vec::new();
    for rendered in beamtap_schema::render::all() {
        let path = root.join(rendered.path);
        if std::fs::read_to_string(&path).ok().as_deref() == Some(rendered.text.as_str()) {
            continue;
        }
        stale.push(rendered.path);
        if std::env::var_os("CI").is_none() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, rendered.text).unwrap();
        }
    }
    assert!(stale.is_empty(), "derived files were stale (rewritten unless CI is set): {stale:?}");
}
