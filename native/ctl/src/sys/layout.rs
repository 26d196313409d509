//! The C compiler's word on our structures.

use std::fs;
use std::process::Command;

use super::*;

/// Name, as a C expression, and value of each structure's size and each field's offset.
fn ours() -> Vec<(&'static str, usize)> {
    use std::mem::{offset_of, size_of};
    macro_rules! layout {
        ($( $rust:ident = $c:literal { $( $field:ident = $c_field:literal ),* } )*) => {
            vec![$(
                (concat!("sizeof(struct ", $c, ")"), size_of::<$rust>()),
                $( (concat!("offsetof(struct ", $c, ", ", $c_field, ")"), offset_of!($rust, $field)), )*
            )*]
        };
    }
    layout! {
        Domain = "lttng_domain" { domain_type = "type", buf_type = "buf_type", attr = "attr" }
        ChannelAttr = "lttng_channel_attr" {
            overwrite = "overwrite", subbuf_size = "subbuf_size", num_subbuf = "num_subbuf",
            switch_timer_interval = "switch_timer_interval", read_timer_interval = "read_timer_interval",
            output = "output", tracefile_size = "tracefile_size", tracefile_count = "tracefile_count",
            live_timer_interval = "live_timer_interval", extended = "extended", padding = "padding"
        }
        Channel = "lttng_channel" { name = "name", enabled = "enabled", attr = "attr", padding = "padding" }
        Event = "lttng_event" {
            event_type = "type", name = "name", loglevel_type = "loglevel_type", loglevel = "loglevel",
            enabled = "enabled", pid = "pid", filter = "filter", exclusion = "exclusion", flags = "flags",
            extended = "extended", attr = "attr"
        }
        Session = "lttng_session" {
            name = "name", path = "path", enabled = "enabled", snapshot_mode = "snapshot_mode",
            live_timer_interval = "live_timer_interval", extended = "extended"
        }
    }
}

#[test]
fn structures_are_laid_out_as_the_installed_headers_say() {
    let dir = tempfile::tempdir().unwrap();
    let (source, program) = (dir.path().join("layout.c"), dir.path().join("layout"));
    let prints: String =
        ours().iter().map(|(name, _)| format!("printf(\"%zu\\n\", (size_t) {name});\n")).collect();
    fs::write(
        &source,
        format!("#include <lttng/lttng.h>\n#include <stddef.h>\n#include <stdio.h>\nint main(void) {{\n{prints}}}\n"),
    )
    .unwrap();
    let compiled = Command::new("cc").arg("-o").args([&program, &source]).status().unwrap();
    assert!(compiled.success());
    let output = Command::new(&program).output().unwrap();
    let theirs: Vec<usize> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| line.parse().unwrap()).collect();

    assert_eq!(theirs.len(), ours().len());
    for ((name, ours), theirs) in ours().into_iter().zip(theirs) {
        assert_eq!(ours, theirs, "{name}");
    }
}

#[test]
fn constants_are_the_installed_headers_own() {
    let header = |name: &str| {
        fs::read_to_string(format!("/usr/include/lttng/{name}")).expect("liblttng-ctl-dev is installed")
    };
    let errors = header("lttng-error.h");
    let (domain, tracker) = (header("domain.h"), header("tracker.h"));
    let destruction = header("destruction-handle.h");
    let (rotation, location) = (header("rotation.h"), header("location.h"));
    for (text, name, value) in [
        (&errors, "LTTNG_OK", OK),
        (&errors, "LTTNG_ERR_NO_SESSION", ERR_NO_SESSION),
        (&errors, "LTTNG_ERR_NO_SESSIOND", ERR_NO_SESSIOND),
        (&errors, "LTTNG_ERR_CREATE_DIR_FAIL", ERR_CREATE_DIR_FAIL),
        (&errors, "LTTNG_ERR_MKDIR_FAIL_CONSUMER", ERR_MKDIR_FAIL_CONSUMER),
        (&errors, "LTTNG_ERR_SESS_NOT_FOUND", ERR_SESS_NOT_FOUND),
        (&errors, "LTTNG_ERR_EXIST_SESS", ERR_EXIST_SESS),
        (&errors, "LTTNG_ERR_CONNECT_FAIL", ERR_CONNECT_FAIL),
        (&errors, "LTTNG_ERR_EPERM", ERR_EPERM),
        (&errors, "LTTNG_ERR_TRACE_ALREADY_STARTED", ERR_TRACE_ALREADY_STARTED),
        (&errors, "LTTNG_ERR_TRACE_ALREADY_STOPPED", ERR_TRACE_ALREADY_STOPPED),
        (&errors, "LTTNG_ERR_NO_USTCONSUMERD", ERR_NO_USTCONSUMERD),
        (&errors, "LTTNG_ERR_SESSION_NOT_EXIST", ERR_SESSION_NOT_EXIST),
        (&errors, "LTTNG_ERR_RELAYD_CONNECT_FAIL", ERR_RELAYD_CONNECT_FAIL),
        (&errors, "LTTNG_ERR_FILTER_INVAL", ERR_FILTER_INVAL),
        (&rotation, "LTTNG_ROTATION_STATUS_OK", ROTATION_STATUS_OK),
        (&rotation, "LTTNG_ROTATION_STATE_ONGOING", ROTATION_STATE_ONGOING),
        (&rotation, "LTTNG_ROTATION_STATE_COMPLETED", ROTATION_STATE_COMPLETED),
        (&location, "LTTNG_TRACE_ARCHIVE_LOCATION_TYPE_LOCAL", LOCATION_TYPE_LOCAL),
        (&location, "LTTNG_TRACE_ARCHIVE_LOCATION_STATUS_OK", LOCATION_STATUS_OK),
        (&domain, "LTTNG_DOMAIN_UST", DOMAIN_UST),
        (&tracker, "LTTNG_PROCESS_ATTR_VIRTUAL_PROCESS_ID", PROCESS_ATTR_VIRTUAL_PROCESS_ID),
        (&tracker, "LTTNG_TRACKING_POLICY_INCLUDE_SET", TRACKING_POLICY_INCLUDE_SET),
        (&tracker, "LTTNG_TRACKING_POLICY_INCLUDE_ALL", TRACKING_POLICY_INCLUDE_ALL),
        (&tracker, "LTTNG_TRACKING_POLICY_INCLUDE_SET", TRACKING_POLICY_INCLUDE_SET),
        (&tracker, "LTTNG_PROCESS_ATTR_TRACKER_HANDLE_STATUS_OK", TRACKER_STATUS_OK),
        (&tracker, "LTTNG_PROCESS_ATTR_TRACKER_HANDLE_STATUS_EXISTS", TRACKER_STATUS_EXISTS),
        (
            &tracker,
            "LTTNG_PROCESS_ATTR_TRACKER_HANDLE_STATUS_SESSION_DOES_NOT_EXIST",
            TRACKER_STATUS_SESSION_DOES_NOT_EXIST,
        ),
        (&destruction, "LTTNG_DESTRUCTION_HANDLE_STATUS_COMPLETED", DESTRUCTION_STATUS_COMPLETED),
        (&destruction, "LTTNG_DESTRUCTION_HANDLE_STATUS_TIMEOUT", DESTRUCTION_STATUS_TIMEOUT),
    ] {
        assert_eq!(enumerator(text, name), Some(value), "{name}");
    }
}

/// The value that an enumerator is given in a header's text.
fn enumerator(header: &str, name: &str) -> Option<c_int> {
    header.lines().find_map(|line| {
        let (left, right) = line.split_once('=')?;
        let value = right.split([',', ' ', '/']).find(|word| !word.is_empty())?;
        (left.trim() == name).then(|| value.trim().parse().ok())?
    })
}
