//! Writes a trace to measure readers with, in LTTng's layout: `write_trace KIND EVENTS DIRECTORY`. It prints the bytes of
//! its streams.
//!
//! - `typed`: beamtap's calls and returns, 18 bytes each, of two CPUs
//! - `strings`: calls as OTP's own LTTng events have them, two texts and a number
//! - `sequences`: 256 numbers of 32 bits in each event
//! - `streams`: as `typed`, of 64 streams
#![allow(clippy::unwrap_used, reason = "a program for measuring may panic")]

#[path = "../tests/writer/mod.rs"]
mod writer;

use std::path::Path;

use writer::{Header, TraceSpec};

const TYPED: &[(&str, &str)] = &[
    ("beamtap:call", "uint64_t _process; uint32_t _function;"),
    ("beamtap:return_from", "uint64_t _process; uint32_t _function;"),
];
const STRINGS: &[(&str, &str)] =
    &[("org_erlang_dyntrace:function_call", "string _process; string _entity; uint32_t _depth;")];
const SEQUENCES: &[(&str, &str)] =
    &[("bench:sequence", "uint32_t __numbers_length; uint32_t _numbers[ __numbers_length ];")];
const FUNCTIONS: [&str; 8] = [
    "lists:map/2",
    "gen_server:loop/7",
    "maps:fold_1/4",
    "'Elixir.Enum':reduce/3",
    "binary:split/3",
    "erl_scan:scan1/6",
    "'Elixir.Phoenix.Endpoint.Cowboy2Handler':init/4",
    "beam_ssa_type:opt_continue/4",
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, events, directory] = arguments.as_slice() else {
        eprintln!("usage: write_trace typed|strings|sequences|streams EVENTS DIRECTORY");
        std::process::exit(64);
    };
    let events: u64 = events.parse().unwrap();
    let (classes, streams, packet_bytes) = match kind.as_str() {
        "typed" => (TYPED, 2, 256 << 10),
        "strings" => (STRINGS, 2, 256 << 10),
        "sequences" => (SEQUENCES, 2, 256 << 10),
        "streams" => (TYPED, 64, 64 << 10),
        _ => std::process::exit(64),
    };
    let spec =
        TraceSpec { uuid: *b"beamtap bench id", hostname: "bench", header: Header::Compact, events: classes };
    let directory = Path::new(directory);
    spec.create(directory);
    let mut payload = Vec::new();
    for cpu in 0..streams {
        let mut stream = spec.stream(directory, &format!("channel_{cpu}"), cpu, packet_bytes);
        // A step from one number to the next that looks like chance and is the same each time.
        let mut chance = u64::from(cpu) + 1;
        let mut ns = u64::from(cpu) * 7;
        for i in 0..events / u64::from(streams) {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let random = chance >> 33;
            ns += 100 + random % 400;
            payload.clear();
            let id = match kind.as_str() {
                "strings" => {
                    payload.extend_from_slice(format!("<0.{}.0>\0", 80 + random % 2000).as_bytes());
                    payload.extend_from_slice(FUNCTIONS[(random % 8) as usize].as_bytes());
                    payload.push(0);
                    payload.extend_from_slice(&((random % 50) as u32).to_le_bytes());
                    0
                }
                "sequences" => {
                    payload.extend_from_slice(&256_u32.to_le_bytes());
                    (0..256_u32).for_each(|n| payload.extend_from_slice(&(random as u32 ^ n).to_le_bytes()));
                    0
                }
                _ => {
                    payload.extend_from_slice(&(80 + random % 2000).to_le_bytes());
                    payload.extend_from_slice(&((random % 500) as u32).to_le_bytes());
                    (i & 1) as u32
                }
            };
            stream.event(id, ns, &payload);
        }
        stream.end_file();
    }
    let bytes = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.unwrap();
        if entry.path().is_file() { entry.metadata().unwrap().len() } else { 0 }
    };
    println!("{}", std::fs::read_dir(directory).unwrap().map(bytes).sum::<u64>());
}
