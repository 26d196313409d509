//! Tests of the whole line are in `tests/`; here is only where they find what was built.

use beamtap_testkit::Sandbox;
use std::path::{Path, PathBuf};
use std::process::Command;

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

/// Runs an Erlang expression in a stock `erl` inside the sandbox, with beamtap and the tests' own modules on the code
/// path, and answers what it printed.
///
/// # Panics
///
/// Panics with the VM's output when the expression fails.
pub fn erl(sandbox: &Sandbox, expression: &str) -> String {
    let arguments = erl_arguments(sandbox, expression);
    sandbox.run("erl", &arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

/// As [`erl`], as a user without any rights: nothing below its home can be written.
///
/// # Panics
///
/// As [`erl`]; and for everybody but root.
pub fn erl_without_rights(sandbox: &Sandbox, expression: &str) -> String {
    let mut arguments: Vec<String> =
        ["--reuid=65534", "--regid=65534", "--clear-groups", "erl"].map(str::to_owned).to_vec();
    arguments.extend(erl_arguments(sandbox, expression));
    sandbox.run("setpriv", &arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

fn erl_arguments(sandbox: &Sandbox, expression: &str) -> Vec<String> {
    let ours = root().join("_build/default/lib/beamtap/ebin");
    assert!(ours.join("beamtap.beam").exists(), "{} has no beamtap.beam: run rebar3 compile", ours.display());
    let source = root().join("tests/e2e/erlang/workload.erl");
    // Not the home itself: its name begins with beamtap-, which the code server takes for the application.
    let compiled = sandbox.home().join("workload");
    std::fs::create_dir_all(&compiled).expect("the home is ours");
    sandbox.run("erlc", &["-o", path(&compiled), path(&source)]);
    let script = format!("{expression}, halt(0).");
    ["-noshell", "-pa", path(&ours), "-pa", path(&compiled), "-eval", &script].map(str::to_owned).to_vec()
}

fn path(path: &Path) -> &str {
    path.to_str().expect("paths of tests are UTF-8")
}

/// Runs `beamtapd` and reads the JSON it prints.
///
/// # Panics
///
/// Panics with what it said when it fails or prints anything else.
pub fn beamtapd(arguments: &[&str]) -> serde_json::Value {
    let output = Command::new(native("beamtapd")).args(arguments).output().expect("beamtapd runs");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "beamtapd {arguments:?}: {stderr}");
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("beamtapd {arguments:?}: {error}: {stdout}"))
}
