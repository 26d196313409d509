//! A directory that grows while it is read gives in the end what it gives when it is read whole.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod witness;
mod writer;

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use beamtap_ctf::{Follower, Item, Poll};
use witness::{Told, assert_same, copy, fixture, line, read_path};

/// Files below a directory, with their bytes, relative to it.
fn files(root: &Path, below: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(root.join(below)).unwrap() {
        let relative = below.join(entry.unwrap().file_name());
        if root.join(&relative).is_dir() {
            files(root, &relative, found);
        } else {
            found.push((relative.clone(), fs::read(root.join(&relative)).unwrap()));
        }
    }
    found.sort();
}

/// Takes what there is.
fn drain(follower: &mut Follower, told: &mut Told, settled_ns: i64) -> bool {
    loop {
        match follower.poll(settled_ns) {
            Ok(Poll::Item(Item::Event(event))) => told.lines.push(line(&event)),
            Ok(Poll::Item(Item::Discarded(loss))) => told.discarded.push(loss),
            Ok(Poll::Item(Item::LostPackets(loss))) => told.lost_packets.push(loss),
            Ok(Poll::Idle) => return false,
            Ok(Poll::End) => return true,
            Err(error) => told.errors.push(error),
        }
    }
}

/// Copies `from` in pieces of `piece` bytes, a piece of each file in turn, reading after every round.
fn follow(from: &Path, piece: usize) -> (Told, u64) {
    let dir = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    files(from, Path::new(""), &mut all);
    let mut follower = Follower::open(dir.path()).unwrap();
    let mut told = Told::default();
    let longest = all.iter().map(|(_, bytes)| bytes.len()).max().unwrap();
    for at in (0..=longest).step_by(piece) {
        for (path, bytes) in &all {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
            file.write_all(&bytes[at.min(bytes.len())..(at + piece).min(bytes.len())]).unwrap();
        }
        assert!(!drain(&mut follower, &mut told, i64::MIN), "no end before it is said");
    }
    follower.finish();
    assert!(drain(&mut follower, &mut told, i64::MIN), "an end after it is said");
    assert!(matches!(follower.poll(i64::MIN), Ok(Poll::End)));
    (told, follower.late())
}

#[test]
fn pieces_of_any_size_give_the_whole() {
    for piece in [100, 1000, 4096, 5000, 1 << 20] {
        let (told, late) = follow(&fixture("ust-mixed"), piece);
        assert!(told.errors.is_empty(), "{:?}", told.errors);
        assert_same(&told.lines, &read_path(&fixture("ust-mixed")).lines, &format!("in pieces of {piece}"));
        assert_eq!(late, 0);
    }
}

/// A stream that is told at last, and whose file has grown since it was looked at.
#[test]
fn what_was_written_before_the_end_was_said_is_read() {
    let from = fixture("ust-mixed");
    let dir = tempfile::tempdir().unwrap();
    let copy = |name: &str, bytes: usize| {
        let whole = fs::read(from.join(name)).unwrap();
        fs::write(dir.path().join(name), &whole[..bytes.min(whole.len())]).unwrap();
    };
    copy("metadata", usize::MAX);
    copy("c_1", 4100);
    let mut follower = Follower::open(dir.path()).unwrap();
    let mut told = Told::default();
    assert!(
        matches!(follower.poll(i64::MIN), Ok(Poll::Item(Item::Event(event))) if { told.lines.push(line(&event)); true })
    );
    copy("c_1", usize::MAX);
    follower.finish();
    assert!(drain(&mut follower, &mut told, i64::MIN));
    assert!(told.errors.is_empty(), "{:?}", told.errors);
    let alone = tempfile::tempdir().unwrap();
    for name in ["metadata", "c_1"] {
        fs::copy(from.join(name), alone.path().join(name)).unwrap();
    }
    assert_same(&told.lines, &read_path(alone.path()).lines, "a stream that has grown");
}

#[test]
fn json_metadata_is_read_while_it_grows() {
    let whole = read_path(&fixture("ust-ctf2"));
    assert!(whole.lines.len() > 50, "{} events", whole.lines.len());
    for piece in [1, 100, 1000, 4096, 1 << 20] {
        let (told, _) = follow(&fixture("ust-ctf2"), piece);
        assert!(told.errors.is_empty(), "{:?}", told.errors);
        assert_same(&told.lines, &whole.lines, &format!("in pieces of {piece}"));
    }
}

/// Classes are known as soon as their own fragment is there, also when nothing follows it.
#[test]
fn the_last_fragment_of_json_is_whole_when_its_object_is() {
    let dir = tempfile::tempdir().unwrap();
    let from = fixture("ust-ctf2");
    let metadata = fs::read(from.join("metadata")).unwrap();
    fs::write(dir.path().join("metadata"), &metadata).unwrap();
    let follower = Follower::open(dir.path()).unwrap();
    let whole = beamtap_ctf::TraceSet::open(&from).unwrap();
    assert!(!whole.classes().is_empty());
    assert_eq!(follower.classes().len(), whole.classes().len());
}

#[test]
fn several_traces_and_streams_give_the_same_events() {
    let from = tempfile::tempdir().unwrap();
    writer::two_traces(from.path());
    let whole = read_path(from.path());
    assert_eq!((whole.lines.len(), whole.discarded.len()), (writer::TWO_TRACES_EVENTS, 1));
    for piece in [3000, 4096, 70_000] {
        let (told, _) = follow(from.path(), piece);
        assert!(told.errors.is_empty(), "{:?}", told.errors);
        // A stream whose first packet is written after others have gone on cannot come in order.
        let sorted = |told: &Told| {
            let mut lines = told.lines.clone();
            lines.sort();
            lines
        };
        assert_same(&sorted(&told), &sorted(&whole), &format!("in pieces of {piece}"));
        let counts =
            |told: &Told| told.discarded.iter().map(|l| (l.count, l.begin_ns, l.end_ns)).collect::<Vec<_>>();
        assert_eq!(counts(&told), counts(&whole), "in pieces of {piece}");
    }
}

#[test]
fn a_silent_stream_holds_the_others_up_until_time_is_settled() {
    let dir = tempfile::tempdir().unwrap();
    writer::two_traces(dir.path());
    let whole = read_path(dir.path()).lines;
    // One stream stops after its first packet.
    let silent = dir.path().join("trace1/c_2");
    let bytes = fs::read(&silent).unwrap();
    fs::write(&silent, &bytes[..4096]).unwrap();
    let mut follower = Follower::open(dir.path()).unwrap();
    let mut told = Told::default();
    drain(&mut follower, &mut told, i64::MIN);
    assert!(!told.lines.is_empty() && told.lines.len() < whole.len());
    assert_same(&told.lines, &whole[..told.lines.len()], "in order as far as it is sure");
    let before = told.lines.len();
    drain(&mut follower, &mut told, i64::MAX);
    assert!(told.lines.len() > before, "the others go on when nothing is waited for");
    fs::write(&silent, &bytes).unwrap();
    drain(&mut follower, &mut told, i64::MAX);
    assert_eq!(told.lines.len(), whole.len());
    assert!(follower.late() > 0, "what came after all is counted");
}

/// A stream that others hold up has not looked at its file since: what was written by the end is read all the same.
#[test]
fn what_was_written_while_others_held_a_stream_up_is_read_at_the_end() {
    let (from, dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    writer::two_traces(from.path());
    copy(from.path(), dir.path());
    let mut all = Vec::new();
    files(from.path(), Path::new(""), &mut all);
    let streams =
        all.iter().filter(|(path, _)| path.file_name().unwrap().to_str().unwrap().starts_with("c_"));
    let streams: Vec<_> = streams.filter(|(path, _)| path.extension().is_none()).collect();
    assert_eq!(streams.len(), 6);
    for (path, bytes) in &streams {
        fs::write(dir.path().join(path), &bytes[..4096 + 50]).unwrap();
    }
    let mut follower = Follower::open(dir.path()).unwrap();
    let mut told = Told::default();
    drain(&mut follower, &mut told, i64::MIN);
    for (path, bytes) in &streams {
        let mut file = OpenOptions::new().append(true).open(dir.path().join(path)).unwrap();
        file.write_all(&bytes[4096 + 50..]).unwrap();
    }
    follower.finish();
    drain(&mut follower, &mut told, i64::MIN);
    assert!(told.errors.is_empty(), "{:?}", told.errors);
    assert_same(&told.lines, &read_path(from.path()).lines, "held up");
}

#[test]
fn what_is_cut_at_the_end_is_said() {
    let dir = tempfile::tempdir().unwrap();
    copy(&fixture("ust-mixed"), dir.path());
    let file = dir.path().join("c_1");
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..5000]).unwrap();
    let mut follower = Follower::open(dir.path()).unwrap();
    let mut told = Told::default();
    drain(&mut follower, &mut told, i64::MAX);
    assert!(told.errors.is_empty(), "a packet that is not whole may still become so");
    let first_packet = told.lines.len();
    follower.finish();
    drain(&mut follower, &mut told, i64::MAX);
    assert!(told.lines.len() > first_packet);
    assert_eq!(told.errors.len(), 1);
    assert!(told.errors[0].is_truncated());
}
