//! Running a test's body inside a sandbox: the test binary starts itself again in there, for this one test.

use std::any::type_name;
use std::env;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use crate::sandbox::{Sandbox, SandboxOptions};

/// Set in the inner process: the sandbox's home.
const MARK: &str = "BEAMTAP_TEST_INSIDE";
/// No test takes longer; one that hangs fails with what it has printed.
const TEST_TIMEOUT: Duration = Duration::from_secs(240);

/// Runs `body` inside a new [`Sandbox`], in a process of its own: whatever it loads, opens or starts is gone after.
///
/// To be called with a closure, directly in a `#[test]` function: the test's name is taken from the closure's type.
///
/// # Panics
///
/// Panics when the body panics or does not end within 240 s; what it printed is printed again.
pub fn in_sandbox<F: Fn(&Sandbox)>(body: F) {
    in_sandbox_with(&SandboxOptions::default(), body);
}

/// As [`in_sandbox`], with options.
///
/// # Panics
///
/// As [`in_sandbox`].
pub fn in_sandbox_with<F: Fn(&Sandbox)>(options: &SandboxOptions, body: F) {
    if let Some(home) = env::var_os(MARK) {
        return body(&Sandbox::inside(PathBuf::from(home)));
    }
    let test = test_name(type_name::<F>());
    let sandbox = Sandbox::with(options);
    let said = sandbox.home().join("said");
    let file = File::create(&said).expect("a file for the test's output");
    let mut command = sandbox.command(env::current_exe().expect("the test binary"));
    command
        .args([test, "--exact", "--nocapture"])
        .env(MARK, sandbox.home())
        .stdout(file.try_clone().expect("a second handle"))
        .stderr(file);
    let mut inner = sandbox.spawn(&mut command);
    let status = inner.wait(TEST_TIMEOUT);
    let mut output = Vec::new();
    File::open(&said).and_then(|mut file| file.read_to_end(&mut output)).expect("the test's output");
    let output = String::from_utf8_lossy(&output);
    print!("{output}");
    let status = status.unwrap_or_else(|| panic!("{test} did not end inside the sandbox"));
    assert!(status.success(), "{test} failed inside the sandbox");
    assert!(output.contains("1 passed"), "no test is named {test}");
}

/// `crate::module::test::{{closure}}` without the crate and the closure.
fn test_name(closure: &'static str) -> &'static str {
    let path = closure.split_once("::").map_or(closure, |(_, path)| path);
    path.strip_suffix("::{{closure}}").unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closure_is_named_after_its_test() {
        fn name<F: Fn()>(_: F) -> &'static str {
            test_name(type_name::<F>())
        }
        assert_eq!(name(|| {}), "inside::tests::a_closure_is_named_after_its_test");
    }
}
