//! Traces changed at random, metadata and streams, with and without an index: whatever comes in, an answer comes out,
//! soon, and what does not need the changed bytes is right.
//!
//! `CTF_MUTATIONS=100000 cargo test --release -p beamtap-ctf --test mutations` for a long run, `CTF_MUTATIONS_SEED` for
//! another one, and `BEAMTAP_CORPUS` for one that changes babeltrace's test traces too.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod witness;
mod writer;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use beamtap_ctf::{Follower, Item, Ordered, Poll, Stretch, TimeRange, TraceSet};
use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};
use witness::{assert_same, copy, corpus, fixture, line, read};

/// Most ticks of processor time, of 10 ms each, for all ways to read one changed trace: how busy the machine is else is
/// not in it.
const LIMIT_TICKS: u64 = 200;

struct Seed {
    directory: PathBuf,
    /// Files and their bytes as they were.
    files: Vec<(PathBuf, Vec<u8>)>,
}

fn collect(directory: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    files.sort();
}

fn seeds(root: &Path) -> Vec<Seed> {
    let (two, tagged) = (root.join("two"), root.join("tagged"));
    writer::two_traces(&two);
    writer::tagged(&tagged);
    let mut sources = vec![fixture("ust-mixed"), fixture("ust-ctf2"), two, tagged];
    if std::env::var_os("BEAMTAP_CORPUS").is_some() {
        let names = [
            "succeed/2packets",
            "succeed/barectf-event-before-packet",
            "succeed/lttng-crash",
            "succeed/sequence",
            "succeed/struct-array-align-elem",
            "succeed/meta-variant-reserved-keywords",
            "succeed/wk-heartbeat-u",
            "succeed/ev-disc-no-ts-begin-end",
            "packet-seq-num/7-lost-between-2-with-index",
            "succeed/smalltrace",
        ];
        sources.extend(names.map(|name| corpus().join(name)));
    }
    let mut seeds = Vec::new();
    for (i, source) in sources.iter().enumerate() {
        let directory = root.join(i.to_string());
        copy(source, &directory);
        let mut files = Vec::new();
        collect(&directory, &mut files);
        seeds.push(Seed { directory, files });
    }
    seeds
}

fn mutate(bytes: &mut Vec<u8>, random: &mut TestRng) {
    const WORDS: [&[u8]; 12] = [
        b"\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\0\0\0\0\0\0\0\0",
        b"\x7f\xff\xff\xff",
        b"\x01",
        b"struct",
        b"[",
        b"18446744073709551615",
        b"align = 524288;",
        b"size = 64;",
        b"variant <id> {",
        b"};",
        b"0",
    ];
    if bytes.is_empty() {
        return;
    }
    for _ in 0..1 + random.next_u32() % 4 {
        let at = random.next_u32() as usize % bytes.len();
        match random.next_u32() % 6 {
            0 => bytes[at] ^= 1 << (random.next_u32() % 8),
            1 => bytes[at] = random.next_u32() as u8,
            2 => {
                let word = WORDS[random.next_u32() as usize % WORDS.len()];
                let end = (at + word.len()).min(bytes.len());
                bytes[at..end].copy_from_slice(&word[..end - at]);
            }
            3 => {
                let word = WORDS[random.next_u32() as usize % WORDS.len()];
                bytes.splice(at..at, word.iter().copied());
            }
            4 => {
                let end = (at + random.next_u32() as usize % 64).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => {
                let from = random.next_u32() as usize % bytes.len();
                let length = (random.next_u32() as usize % 200).min(bytes.len() - from);
                let piece = bytes[from..from + length].to_vec();
                bytes.splice(at..at, piece);
            }
        }
        if bytes.is_empty() {
            return;
        }
    }
}

/// Reads in every way there is.
fn exercise(directory: &Path) {
    let Ok(set) = TraceSet::open(directory) else { return };
    let told = read(set.reader());
    if let (Some(first), Some(last)) = (told.lines.first(), told.lines.last()) {
        assert!(!first.is_empty() && !last.is_empty());
    }
    read(set.reader_of(TimeRange { begin_ns: 1_565_000_000_000_000_000, end_ns: 1_800_000_000_000_000_000 }));
    for key in (0..set.streams().len()).filter_map(|i| set.stream_key(i)) {
        for packet in set.packets(key) {
            assert!(packet.is_ok() || packet.is_err_and(|e| !e.to_string().is_empty()));
        }
    }
    let mut handed = Vec::new();
    let _ = set.reader().for_each(|item| {
        if let Ok(Item::Event(event)) = item {
            handed.push(line(&event));
        }
        ControlFlow::Continue(())
    });
    assert_same(&handed, &told.lines, "handed");
    let mut folded = Vec::new();
    let fold = |stretch: Stretch<'_>| {
        let mut lines = Vec::new();
        stretch.for_each(|event| lines.push(line(&event)));
        lines
    };
    set.fold_in_order(2, TimeRange::default(), fold, |item| {
        if let Ok(Ordered::Events(lines)) = item {
            folded.extend(lines);
        }
        ControlFlow::Continue(())
    });
    assert_same(&folded, &told.lines, "folded");
    let Ok(mut follower) = Follower::open(directory) else { return };
    let mut followed = Vec::new();
    for round in 0..2 {
        let mut errors = 0;
        loop {
            match follower.poll(i64::MAX) {
                Ok(Poll::Item(Item::Event(event))) => followed.push(line(&event)),
                Ok(Poll::Item(_)) => {}
                Ok(Poll::Idle | Poll::End) => break,
                Err(_) => {
                    errors += 1;
                    // Metadata that cannot be understood is told at every poll.
                    if errors > 10_000 {
                        break;
                    }
                }
            }
        }
        if round == 0 {
            follower.finish();
        }
    }
    let sorted = |mut lines: Vec<String>| {
        lines.sort();
        lines
    };
    assert_same(&sorted(followed), &sorted(told.lines), "followed");
}

#[test]
fn no_change_brings_the_reader_down() {
    let cases: u32 = std::env::var("CTF_MUTATIONS").map_or(400, |n| n.parse().unwrap());
    let number: u64 = std::env::var("CTF_MUTATIONS_SEED").map_or(1, |n| n.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let seeds = seeds(dir.path());
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    for case in 0..cases {
        let seed = &seeds[random.next_u32() as usize % seeds.len()];
        let changed = random.next_u32() as usize % seed.files.len();
        let (path, bytes) = &seed.files[changed];
        let mut bytes = bytes.clone();
        mutate(&mut bytes, &mut random);
        fs::write(path, &bytes).unwrap();
        let start = witness::ticks("self");
        let result = std::panic::catch_unwind(|| exercise(&seed.directory));
        let took = witness::ticks("self") - start;
        if result.is_err() || took > LIMIT_TICKS {
            let kept = std::env::temp_dir().join(format!("ctf-mutation-{case}"));
            copy(&seed.directory, &kept);
            let panicked = result.is_err();
            panic!(
                "CTF_MUTATIONS_SEED={number}, case {case}: {took} ticks, panicked: {panicked}; kept in {}",
                kept.display()
            );
        }
        fs::write(path, &seed.files[changed].1).unwrap();
    }
}
