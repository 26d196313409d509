//! Traces cut anywhere and with any byte changed: events before the fault, then an error, never a crash or a hang.

mod witness;

use std::fs;
use std::path::Path;

use witness::{Told, copy, fixture, read_path, ticks};

/// Most processor time that reading one damaged trace may take, in ticks of 10 ms.
const LIMIT_TICKS: u64 = 100;

fn read_in_time(path: &Path, what: &str) -> Told {
    let start = ticks("thread-self");
    let told = read_path(path);
    let took = ticks("thread-self") - start;
    assert!(took < LIMIT_TICKS, "{what} took {took} ticks");
    told
}

#[test]
fn a_cut_stream_gives_a_beginning_of_its_events_and_then_says_truncated() {
    let dir = tempfile::tempdir().unwrap();
    copy(&fixture("ust-mixed"), dir.path());
    let whole = read_path(dir.path()).lines;
    let file = dir.path().join("c_1");
    let bytes = fs::read(&file).unwrap();
    let mut seen = Vec::new();
    for length in (0..bytes.len()).filter(|n| n % 4096 < 120 || n % 37 == 0) {
        fs::write(&file, &bytes[..length]).unwrap();
        let told = read_in_time(dir.path(), &format!("cut at {length}"));
        witness::assert_same(&told.lines, &whole[..told.lines.len()], &format!("cut at {length}"));
        if length % 4096 == 0 {
            assert!(told.errors.is_empty(), "cut between packets: {:?}", told.errors);
        } else {
            assert_eq!(told.errors.len(), 1, "cut at {length}");
            let error = &told.errors[0];
            assert!(error.is_truncated(), "cut at {length}: {error}");
            assert_eq!(error.packet(), Some(length as u64 / 4096));
            assert!(error.byte_offset().unwrap() <= length as u64, "cut at {length}: {error}");
        }
        seen.push(told.lines.len());
    }
    assert!(seen.is_sorted(), "a longer file never gives fewer events");
}

#[test]
fn a_changed_byte_spoils_nothing_before_it() {
    let dir = tempfile::tempdir().unwrap();
    copy(&fixture("ust-mixed"), dir.path());
    let whole = read_path(dir.path()).lines;
    let file = dir.path().join("c_1");
    let mut bytes = fs::read(&file).unwrap();
    // Where the events of the one stream that has any begin and end does not matter: those of earlier packets must
    // be as they were.
    let per_packet = [0, 4096, 8192].map(|length| {
        fs::write(&file, &bytes[..length]).unwrap();
        read_path(dir.path()).lines.len()
    });
    for at in 0..bytes.len() {
        // All of the headers; elsewhere one change in a few bytes, a different one each time.
        let flips: &[u8] = match at % 4096 {
            0..84 => &[0x01, 0x80, 0xff],
            _ if at % 13 == 0 => &[[0x01, 0x80, 0xff][at % 3]],
            _ => &[],
        };
        for &flip in flips {
            bytes[at] ^= flip;
            fs::write(&file, &bytes).unwrap();
            let told = read_in_time(dir.path(), &format!("byte {at} ^ {flip:#x}"));
            bytes[at] ^= flip;
            let before = per_packet[at / 4096];
            assert!(told.lines.len() >= before, "byte {at} ^ {flip:#x}: {:?}", told.errors);
            witness::assert_same(&told.lines[..before], &whole[..before], &format!("byte {at} ^ {flip:#x}"));
            for error in &told.errors {
                assert!(error.is_corrupt() || error.is_truncated() || error.is_limit(), "{error:?}");
                assert!(error.packet().is_some() && error.path().is_some(), "{error:?}");
            }
        }
    }
}

#[test]
fn damaged_metadata_is_understood_or_refused_with_a_place() {
    let dir = tempfile::tempdir().unwrap();
    copy(&fixture("ust-mixed"), dir.path());
    let file = dir.path().join("metadata");
    let mut bytes = fs::read(&file).unwrap();
    let mut refused = 0;
    let changes = (0..bytes.len()).filter(|at| bytes[*at] != 0).step_by(7).collect::<Vec<_>>();
    for &at in &changes {
        let flip = [0x01, 0x10, 0xff][at % 3];
        bytes[at] ^= flip;
        fs::write(&file, &bytes).unwrap();
        let told = read_in_time(dir.path(), &format!("metadata byte {at} ^ {flip:#x}"));
        bytes[at] ^= flip;
        for error in told.errors.iter().filter(|e| e.is_metadata()) {
            refused += 1;
            assert!(error.line_column().is_some(), "{error:?}");
        }
    }
    assert!(refused > changes.len() / 3, "{refused} of {} changes were refused", changes.len());
    for length in (0..bytes.len()).step_by(61) {
        fs::write(&file, &bytes[..length]).unwrap();
        read_in_time(dir.path(), &format!("metadata cut at {length}"));
    }
}
