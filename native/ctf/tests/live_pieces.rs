//! Live packets that are larger than what is taken of them at once.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod mock_relay;
mod witness;
mod writer;

use std::path::Path;

use beamtap_ctf::{Error, Item, LiveReader, Poll, Reattached, Seek};
use mock_relay::{DATA, FURTHER, Plan, Say, relay};
use tempfile::TempDir;
use witness::{Told, assert_same, line, read_path};
use writer::{Header, TraceSpec};

/// Two and a half of the largest pieces.
const PACKET: usize = 5 << 19;

const SPEC: TraceSpec<'static> = TraceSpec {
    uuid: *b"beamtap pieces !",
    hostname: "vm",
    header: Header::Compact,
    events: &[("a:text", "string s;"), ("a:bytes", "uint32_t n; uint8_t b[n];")],
};

/// Events of `a:bytes` with so many bytes of payload, at a time.
struct Large {
    ns: u64,
    bytes: usize,
}

/// Two streams of two packets each, whose texts take turns.
fn trace(packet: usize, large: &Large) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    SPEC.create(dir.path());
    for cpu in 0..2 {
        let mut stream = SPEC.stream(dir.path(), &format!("c_{cpu}"), cpu, packet);
        let mut has_large = cpu == 0;
        for n in 0..1000_u64 {
            let ns = 1000 + n * 100 + u64::from(cpu) * 50;
            if ns >= large.ns && !std::mem::replace(&mut has_large, true) {
                let length = u32::try_from(large.bytes).unwrap().to_le_bytes();
                stream.event(1, ns, &[&length[..], &vec![7; large.bytes]].concat());
            }
            let text = format!("{cpu} {n} {}\0", "x".repeat(3000));
            stream.event(0, ns, text.as_bytes());
        }
        stream.end_file();
    }
    dir
}

/// Both streams, there from the beginning.
fn plan(trace: &Path, packet: usize) -> Plan {
    let packets = |of: u64, name: &str| {
        let size = std::fs::metadata(trace.join(name)).unwrap().len();
        let offsets = (0..size).step_by(packet);
        offsets.map(move |offset| (of, Say::Packet(offset, 0))).chain([(of, Say::HangUp)])
    };
    let script = packets(DATA, "c_1").chain(packets(FURTHER, "c_0")).collect();
    Plan { trace: trace.to_owned(), has_late: false, ..Plan::new(15, script) }
}

/// Takes what there is; says whether that was all.
fn drain(reader: &mut LiveReader, told: &mut Told) -> bool {
    loop {
        match reader.poll(i64::MIN) {
            Ok(Poll::Item(Item::Event(event))) => told.lines.push(line(&event)),
            Ok(Poll::Item(item)) => panic!("{item:?}"),
            Ok(Poll::Idle) => return false,
            Ok(Poll::End) => return true,
            Err(error) => {
                let is_over = error.is_disconnected() || error.is_protocol();
                told.errors.push(error);
                if is_over {
                    return true;
                }
            }
        }
    }
}

/// Reads until the session is over, attaching again as often as the connection is lost.
fn read_all(plans: Vec<Plan>) -> (Told, u64, Vec<Reattached>) {
    let (url, relay) = relay(plans);
    let (mut told, mut again) = (Told::default(), Vec::new());
    let mut reader = LiveReader::attach(&url, Seek::Beginning).unwrap();
    loop {
        while !drain(&mut reader, &mut told) {}
        if !told.errors.last().is_some_and(Error::is_disconnected) {
            break;
        }
        told.errors.pop();
        again.push(reader.reattach().unwrap());
    }
    let late = reader.late();
    drop(reader);
    // Where the relay daemon waits for one more connection.
    let _ = std::net::TcpStream::connect((url.relay.as_str(), url.port));
    relay.join().unwrap();
    (told, late, again)
}

#[test]
fn what_is_taken_in_pieces_is_what_the_directory_holds() {
    // Without a record that is larger than a piece, and with one.
    for bytes in [10, 1 << 20, 5 << 18] {
        let dir = trace(PACKET, &Large { ns: 40_000, bytes });
        let (told, late, _) = read_all(vec![plan(dir.path(), PACKET)]);
        assert!(told.errors.is_empty(), "{:?}", told.errors);
        assert_same(&told.lines, &read_path(dir.path()).lines, &format!("{bytes} bytes"));
        assert_eq!(late, 0);
    }
}

#[test]
fn a_connection_lost_between_pieces_costs_nothing() {
    let dir = trace(PACKET, &Large { ns: 40_000, bytes: 10 });
    let whole_lines = read_path(dir.path()).lines;
    for (lost, answers) in (6..).enumerate() {
        let whole = plan(dir.path(), PACKET);
        let (told, late, again) = read_all(vec![Plan { answers, ..whole.clone() }, whole]);
        assert!(told.errors.is_empty(), "{answers} answers: {:?}", told.errors);
        assert_same(&told.lines, &whole_lines, &format!("{answers} answers"));
        assert_eq!(late, 0, "{answers} answers");
        if again.is_empty() {
            assert!(lost > 15, "lost {lost} times");
            return;
        }
        assert_eq!(again, [Reattached { is_same_session: true, streams_gone: 0 }], "{answers} answers");
    }
}

#[test]
fn a_packet_whose_rest_is_gone_is_told_up_to_there() {
    let dir = trace(PACKET, &Large { ns: 40_000, bytes: 10 });
    let whole = read_path(dir.path()).lines;
    // Of the other stream, which comes second, one piece; then no piece of any is there.
    let (told, late, _) = read_all(vec![Plan { pieces: 2, ..plan(dir.path(), PACKET) }]);
    assert_eq!(told.errors.len(), 2, "{:?}", told.errors);
    assert!(told.errors.iter().all(Error::is_truncated), "{:?}", told.errors);
    assert!(told.errors[0].to_string().contains("the rest of a packet"), "{}", told.errors[0]);
    assert!(told.lines.len() > 600 && told.lines.len() < whole.len(), "{} lines", told.lines.len());
    assert!(told.lines.iter().all(|line| whole.contains(line)));
    assert_eq!(late, 0);
}

#[test]
fn pieces_that_were_handed_over_are_told_when_nothing_more_is_asked_for() {
    let dir = trace(PACKET, &Large { ns: 40_000, bytes: 10 });
    let (url, relay) = relay(vec![Plan { answers: 14, ..plan(dir.path(), PACKET) }]);
    let mut reader = LiveReader::attach(&url, Seek::Beginning).unwrap();
    let mut told = Told::default();
    while !drain(&mut reader, &mut told) {}
    assert!(told.errors.pop().unwrap().is_disconnected());
    let before = told.lines.len();
    reader.finish();
    assert!(drain(&mut reader, &mut told));
    assert!(told.errors.is_empty(), "{:?}", told.errors);
    assert!(before > 0 && told.lines.len() > before, "{before} and {} lines", told.lines.len());
    relay.join().unwrap();
}

#[test]
fn a_packet_that_is_gone_when_attached_again_is_left_in_the_middle_and_told() {
    let dir = trace(PACKET, &Large { ns: 40_000, bytes: 10 });
    let first = Plan { answers: 14, ..plan(dir.path(), PACKET) };
    let mut second = plan(dir.path(), PACKET);
    second.script.retain(|(_, say)| *say != Say::Packet(0, 0));
    let (told, _, again) = read_all(vec![first, second]);
    assert_eq!(again, [Reattached { is_same_session: true, streams_gone: 0 }]);
    assert_eq!(told.errors.len(), 2, "{:?}", told.errors);
    assert!(told.errors.iter().all(|e| e.to_string().contains("the rest of a packet")), "{:?}", told.errors);
    let whole = read_path(dir.path()).lines;
    assert!(told.lines.len() < whole.len() && told.lines.last() == whole.last());
}

#[test]
fn a_record_that_may_not_be_held_is_refused_and_the_rest_read_on() {
    let packet = 24 << 20;
    let dir = trace(packet, &Large { ns: 40_000, bytes: 20 << 20 });
    let (told, late, _) = read_all(vec![plan(dir.path(), packet)]);
    assert_eq!(told.errors.len(), 1, "{:?}", told.errors);
    assert!(told.errors[0].is_limit(), "{}", told.errors[0]);
    let other = read_path(dir.path()).lines.iter().filter(|line| line.contains("s = \"1 ")).count();
    assert_eq!(told.lines.iter().filter(|line| line.contains("s = \"1 ")).count(), other);
    assert_eq!(late, 0);
}

#[test]
fn a_packet_that_is_handed_over_in_parts_is_read_whole() {
    // Some events, and half of what is asked for.
    for part in [20_000, 1 << 19] {
        let dir = trace(PACKET, &Large { ns: 40_000, bytes: 10 });
        let (told, late, _) = read_all(vec![Plan { part, ..plan(dir.path(), PACKET) }]);
        assert!(told.errors.is_empty(), "{part}: {:?}", told.errors);
        assert_eq!(late, 0);
        assert_same(&told.lines, &read_path(dir.path()).lines, &format!("parts of {part} bytes"));
    }
    // Parts without anything in them are asked for again, and do not hold up the caller.
    let dir = trace(PACKET, &Large { ns: 40_000, bytes: 10 });
    let (url, relay) = relay(vec![Plan { part: 0, ..plan(dir.path(), PACKET) }]);
    let mut reader = LiveReader::attach(&url, Seek::Beginning).unwrap();
    assert!(matches!(reader.poll(i64::MIN), Ok(Poll::Idle)));
    drop(reader);
    relay.join().unwrap();
}
