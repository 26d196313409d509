//! Which crate may use which: the house's graph, as cargo sees it.

use std::collections::BTreeMap;
use std::process::Command;

/// Crate and what of ours it may depend on. Anything not listed here may not be a crate of the workspace.
const MAY_USE: &[(&str, &[&str])] = &[
    ("beamtap-schema", &[]),
    ("beamtap-provider", &["beamtap-schema"]),
    ("beamtap-provider-otp", &["beamtap-schema"]),
    ("beamtap-nif", &["beamtap-schema", "beamtap-ctl"]),
    ("beamtap-ctl", &[]),
    ("beamtap-ctf", &[]),
    ("beamtap-analysis", &["beamtap-schema", "beamtap-ctf"]),
    ("beamtapd", &["beamtap-analysis", "beamtap-ctf", "beamtap-ctl", "beamtap-schema"]),
    ("beamtap-testkit", &[]),
    ("beamtap-e2e", &["beamtap-testkit"]),
];

fn metadata() -> serde_json::Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo prints JSON")
}

#[test]
fn crates_use_only_what_their_room_allows() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    assert_eq!(packages.len(), MAY_USE.len(), "a crate was added or removed: say here what it may use");
    for package in packages {
        let name = package["name"].as_str().expect("a name");
        let may_use = allowed.get(name).unwrap_or_else(|| panic!("{name} has no line in MAY_USE"));
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let used = dependency["name"].as_str().expect("a name");
            // Tests may use the witnesses and whatever they test.
            if dependency["kind"] == "dev" || !allowed.contains_key(used) {
                continue;
            }
            assert!(may_use.contains(&used), "{name} uses {used}, which its room does not allow");
        }
    }
}

#[test]
fn only_the_nif_knows_rustler() {
    for package in metadata()["packages"].as_array().expect("packages") {
        let uses_rustler = package["dependencies"]
            .as_array()
            .expect("dependencies")
            .iter()
            .any(|dependency| dependency["name"] == "rustler");
        assert_eq!(uses_rustler, package["name"] == "beamtap-nif", "{}", package["name"]);
    }
}
