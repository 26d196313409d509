//! The LTTng-live client against a relay daemon that does all the protocol allows.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod mock_relay;
mod witness;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::thread::JoinHandle;

use beamtap_ctf::{Error, Item, LiveReader, LiveUrl, Poll, Reattached, Seek, live_sessions};
use beamtap_testkit::cannot_run;
use mock_relay::{DATA, LATE, Plan, Say, relay, relay_at, whole};
use witness::{Told, assert_same, fixture, line, read_path};

fn drain(reader: &mut LiveReader, told: &mut Told) -> bool {
    loop {
        match reader.poll(i64::MIN) {
            Ok(Poll::Item(Item::Event(event))) => told.lines.push(line(&event)),
            Ok(Poll::Item(_)) => {}
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

/// Reads until the session is over, attaching again as often as `plans` allows.
fn read_all(url: &LiveUrl, seek: Seek) -> (Told, Vec<Reattached>) {
    let (mut told, mut again) = (Told::default(), Vec::new());
    let mut reader = LiveReader::attach(url, seek).unwrap();
    // Each poll makes progress in the script; it ends, so this does.
    loop {
        if !drain(&mut reader, &mut told) {
            continue;
        }
        if !told.errors.last().is_some_and(Error::is_disconnected) {
            return (told, again);
        }
        told.errors.pop();
        again.push(reader.reattach().unwrap());
    }
}

#[test]
fn live_gives_what_the_directory_gives() {
    for (minor, piece) in [(4, usize::MAX), (13, 1 << 10), (15, 7)] {
        let plan = Plan { piece, ..Plan::new(minor, whole()) };
        let (url, relay) = relay(vec![plan]);
        let mut reader = LiveReader::attach(&url, Seek::Beginning).unwrap();
        let mut told = Told::default();
        while !drain(&mut reader, &mut told) {}
        assert!(told.errors.is_empty(), "{:?}", told.errors);
        assert_same(&told.lines, &read_path(&fixture("ust-mixed")).lines, &format!("minor {minor}"));
        assert_eq!(reader.late(), 0);
        assert_eq!(reader.streams().len(), 2);
        drop(reader);
        relay.join().unwrap();
    }
}

#[test]
fn packets_that_come_in_crumbs_are_read_whole() {
    // Less than a packet's header, less than an event.
    for part in [1, 50, 100] {
        let (url, relay) = relay(vec![Plan { part, ..Plan::new(13, whole()) }]);
        let (told, _) = read_all(&url, Seek::Beginning);
        assert!(told.errors.is_empty(), "{part}: {:?}", told.errors);
        assert_same(&told.lines, &read_path(&fixture("ust-mixed")).lines, &format!("{part} bytes"));
        relay.join().unwrap();
    }
}

#[test]
fn a_connection_lost_anywhere_costs_nothing() {
    let whole_lines = read_path(&fixture("ust-mixed")).lines;
    // The first answers are the way to be attached: see below.
    for (lost, answers) in (6..).enumerate() {
        let first = Plan { answers, ..Plan::new(15, whole()) };
        let (url, relay) = relay(vec![first, Plan::new(15, whole())]);
        let (told, again) = read_all(&url, Seek::Beginning);
        assert!(told.errors.is_empty(), "{answers} answers: {:?}", told.errors);
        assert_same(&told.lines, &whole_lines, &format!("{answers} answers"));
        if again.is_empty() {
            // It was over before: nobody connects a second time.
            assert!(lost > 20, "lost {lost} times");
            let _ = std::net::TcpStream::connect((url.relay.as_str(), url.port));
            relay.join().unwrap();
            return;
        }
        // The late stream is not there at once when it is asked for again: it goes on all the same.
        let expected = Reattached { is_same_session: true, streams_gone: again[0].streams_gone };
        assert_eq!(again, [expected], "{answers} answers");
        relay.join().unwrap();
    }
}

#[test]
fn a_connection_lost_while_attaching_is_an_error_and_again_one() {
    for answers in 0..6 {
        let plan = Plan { answers, ..Plan::new(13, whole()) };
        let (url, relay) = relay(vec![plan]);
        let Err(error) = LiveReader::attach(&url, Seek::Beginning) else { panic!("attached") };
        assert!(error.is_disconnected(), "{answers} answers: {error}");
        relay.join().unwrap();
    }
    let lost = Plan { answers: 20, ..Plan::new(13, whole()) };
    let busy = Plan { attach_status: 2, ..Plan::new(13, whole()) };
    let (url, relay) = relay(vec![lost, busy, Plan::new(13, whole())]);
    let mut reader = LiveReader::attach(&url, Seek::Beginning).unwrap();
    let mut told = Told::default();
    while !drain(&mut reader, &mut told) {}
    // The relay daemon takes the lost connection for another viewer at first.
    let error = reader.reattach().unwrap_err();
    assert!(error.to_string().contains("another viewer"), "{error}");
    assert!(reader.reattach().unwrap().is_same_session);
    while !drain(&mut reader, &mut told) {}
    assert_same(&told.lines, &read_path(&fixture("ust-mixed")).lines, "third time");
    drop(reader);
    relay.join().unwrap();
}

#[test]
fn a_new_session_of_the_name_is_told_from_the_old() {
    let whole_lines = read_path(&fixture("ust-mixed")).lines;
    // All of the old session is there, but for its end.
    let mut script = whole();
    script.retain(|(_, say)| *say != Say::HangUp);
    script.push((DATA, Say::Retry));
    let old = Plan { has_late: false, answers: 40, ..Plan::new(15, script) };
    let new = Plan { is_other: true, ..Plan::new(15, whole()) };
    let (url, relay) = relay(vec![old, new]);
    let (told, again) = read_all(&url, Seek::Beginning);
    assert!(told.errors.is_empty(), "{:?}", told.errors);
    assert_eq!(again, [Reattached { is_same_session: false, streams_gone: 1 }]);
    let old_lines = told.lines.len() - whole_lines.len();
    assert!(old_lines > 0 && told.lines[..old_lines].iter().all(|line| whole_lines.contains(line)));
    assert_same(&told.lines[old_lines..], &whole_lines, "the new session");
    relay.join().unwrap();
}

#[test]
fn a_stream_that_is_gone_after_the_loss_is_counted_and_its_events_are_told() {
    let script = vec![(DATA, Say::Packet(0, 0)), (DATA, Say::Retry)];
    let first = Plan { has_late: false, streams_status: Some(2), answers: 30, ..Plan::new(15, script) };
    let second = Plan { has_data: false, has_late: false, ..Plan::new(15, vec![]) };
    let (url, relay) = relay(vec![first, second]);
    let (told, again) = read_all(&url, Seek::Beginning);
    assert!(told.errors.is_empty(), "{:?}", told.errors);
    assert_eq!(again, [Reattached { is_same_session: true, streams_gone: 1 }]);
    assert!(!told.lines.is_empty());
    relay.join().unwrap();
}

#[test]
fn what_was_handed_over_is_told_when_nothing_more_is_asked_for() {
    // The late stream has said nothing yet, so the other one's events wait.
    let script = vec![(DATA, Say::Packet(0, 3)), (DATA, Say::HangUp), (LATE, Say::Retry)];
    let plan = Plan { answers: 40, ..Plan::new(15, script) };
    let (url, relay) = relay(vec![plan]);
    let mut reader = LiveReader::attach(&url, Seek::Beginning).unwrap();
    let mut told = Told::default();
    while !drain(&mut reader, &mut told) {}
    assert!(told.errors[0].is_disconnected(), "{:?}", told.errors);
    assert!(told.lines.is_empty());
    // Asked again it says so again, and does not wait.
    assert!(reader.poll(i64::MIN).is_err_and(|e| e.is_disconnected()));
    reader.finish();
    assert!(drain(&mut reader, &mut told));
    assert_eq!(told.errors.len(), 1);
    assert!(!told.lines.is_empty());
    relay.join().unwrap();
}

#[test]
fn refusals_say_what_is_refused() {
    for (status, what) in
        [(2, "another viewer"), (3, "status 3"), (4, "not live"), (5, "status 5"), (6, "no longer exists")]
    {
        let (url, relay) = relay(vec![Plan { attach_status: status, ..Plan::new(13, vec![]) }]);
        let Err(error) = LiveReader::attach(&url, Seek::Beginning) else { panic!("attached") };
        assert!(error.is_protocol() && error.to_string().contains(what), "{error}");
        relay.join().unwrap();
    }
    let ready = || Plan::new(13, vec![(DATA, Say::Packet(0, 0)), (DATA, Say::HangUp)]);
    let cases = [
        (Plan { packet_status: Some(3), ..ready() }, "no packet at 0 (status 3)"),
        (Plan { packet_status: Some(9), ..ready() }, "no packet at 0 (status 9)"),
        (Plan { streams_status: Some(3), has_late: false, ..ready() }, "no new streams (status 3)"),
        (Plan::new(13, vec![(DATA, Say::Status(4))]), "no index of a stream (status 4)"),
        (Plan::new(13, vec![(DATA, Say::Status(77))]), "no index of a stream (status 77)"),
    ];
    for (plan, what) in cases {
        let (url, relay) = relay(vec![plan]);
        let (told, _) = read_all(&url, Seek::Beginning);
        assert_eq!(told.errors.len(), 1, "{what}: {:?}", told.errors);
        let error = &told.errors[0];
        assert!(error.is_protocol() && error.to_string().contains(what), "{error}");
        relay.join().unwrap();
    }
}

#[test]
fn streams_and_packets_that_are_gone_end_and_those_that_cannot_be_had_are_passed_over() {
    // End of file instead of a packet; end of the stream in the index.
    let script = vec![(DATA, Say::Packet(0, 0)), (DATA, Say::Retry)];
    let plans = [
        Plan { packet_status: Some(4), has_late: false, ..Plan::new(13, script) },
        Plan { has_late: false, ..Plan::new(13, vec![(DATA, Say::Status(6))]) },
    ];
    for plan in plans {
        let (url, relay) = relay(vec![plan]);
        let (told, _) = read_all(&url, Seek::Beginning);
        assert!(told.errors.is_empty() && told.lines.is_empty(), "{told:?}");
        relay.join().unwrap();
    }
    let announced = [u64::MAX, 1 << 40, 7, 0].map(|bits| (DATA, Say::Announce(bits)));
    let rest = [(DATA, Say::Packet(0, 0)), (DATA, Say::HangUp)];
    let script = [announced.as_slice(), rest.as_slice()].concat();
    let (url, relay) = relay(vec![Plan { has_late: false, ..Plan::new(13, script) }]);
    let (told, _) = read_all(&url, Seek::Beginning);
    assert_eq!(told.errors.len(), 4, "{:?}", told.errors);
    for error in &told.errors {
        assert!(error.is_limit() && error.to_string().contains("c_1"), "{error}");
    }
    assert!(!told.lines.is_empty());
    relay.join().unwrap();
}

#[test]
fn news_without_end_are_no_reason_to_hang() {
    // A stream that is never more than alive, and a relay daemon that says so as fast as it is asked.
    let mut script: Vec<_> = (1..100_000).map(|until| (DATA, Say::Inactive(until))).collect();
    script.push((DATA, Say::Retry));
    let (url, relay) =
        relay(vec![Plan { has_late: false, streams_status: Some(2), ..Plan::new(13, script) }]);
    let mut reader = LiveReader::attach(&url, Seek::Now).unwrap();
    assert!(matches!(reader.poll(i64::MIN), Ok(Poll::Idle)));
    drop(reader);
    relay.join().unwrap();
}

#[test]
fn streams_without_end_are_refused() {
    let script = vec![(DATA, Say::Retry)];
    let (url, relay) = relay(vec![Plan { has_late: false, swarm: 1500, ..Plan::new(13, script) }]);
    let mut reader = LiveReader::attach(&url, Seek::Now).unwrap();
    let error = loop {
        match reader.poll(i64::MIN) {
            Ok(Poll::Idle) => {}
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error,
        }
    };
    assert!(error.is_protocol() && error.to_string().contains("more than 16384 streams"), "{error}");
    assert_eq!(reader.streams().len(), 1 << 14);
    drop(reader);
    relay.join().unwrap();
}

#[test]
fn ipv6_and_names_lead_to_the_relay_daemon() {
    let reach = |address: &str, name: &str| {
        let (mut url, relay) = relay_at(address, vec![Plan::new(15, vec![])]);
        name.clone_into(&mut url.relay);
        let url: LiveUrl = url.to_string().parse().unwrap();
        assert_eq!(live_sessions(&url).unwrap().len(), 2, "{url}");
        relay.join().unwrap();
    };
    reach("127.0.0.1", "localhost");
    match TcpListener::bind("[::1]:0") {
        Ok(_) => reach("::1", "::1"),
        Err(error) => cannot_run(&format!("this machine has no IPv6: {error}")),
    }
}

#[test]
fn sessions_are_listed() {
    for minor in [13, 15] {
        let (url, relay) = relay(vec![Plan::new(minor, vec![])]);
        let sessions = live_sessions(&url).unwrap();
        let names: Vec<_> = sessions.iter().map(|s| (s.id, s.hostname.as_str(), s.name.as_str())).collect();
        assert_eq!(names, [(3, "vm", "other"), (4, "vm", "s")]);
        relay.join().unwrap();
    }
}

#[test]
fn a_protocol_that_is_too_old_is_refused() {
    let (url, relay) = relay(vec![Plan::new(3, vec![])]);
    let error = live_sessions(&url).unwrap_err();
    assert!(error.is_protocol() && error.to_string().contains("2.3, not 2.4"), "{error}");
    relay.join().unwrap();
}

#[test]
fn a_session_that_is_not_there_is_an_error() {
    let (mut url, relay) = relay(vec![Plan::new(13, vec![])]);
    url.session = Some(("vm".into(), "nothing".into()));
    let Err(error) = LiveReader::attach(&url, Seek::Now) else { panic!("attached") };
    assert!(error.is_protocol(), "{error}");
    relay.join().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    url.port = free;
    let Err(error) = live_sessions(&url) else { panic!("connected") };
    assert!(error.is_disconnected(), "{error}");
}

/// A server that sends some bytes, whatever it is asked, and closes.
fn parrot(bytes: Vec<u8>) -> (LiveUrl, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // The client may have closed by then.
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
    });
    (format!("net://127.0.0.1:{port}/host/vm/s").parse().unwrap(), thread)
}

#[test]
fn the_fuzz_target_begins_with_a_session_that_is_read_whole() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/seeds/live");
    for minor in [13, 15] {
        let plan = Plan::new(minor, whole());
        let record = plan.record.clone();
        let (url, relay) = relay(vec![plan]);
        read_all(&url, Seek::Beginning);
        relay.join().unwrap();
        let (seed, recorded) = (seeds.join(format!("minor-{minor}")), record.lock().unwrap().clone());
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&seed, &recorded).unwrap();
        }
        assert!(std::fs::read(&seed).unwrap() == recorded, "{}: UPDATE_GOLDEN=1", seed.display());
        // It says the same to a reader that it does not listen to.
        let (url, server) = parrot(recorded);
        let (told, _) = read_all(&url, Seek::Beginning);
        server.join().unwrap();
        assert!(told.errors.is_empty(), "{:?}", told.errors);
        assert_same(&told.lines, &read_path(&fixture("ust-mixed")).lines, &format!("minor {minor}"));
    }
}

#[test]
fn replies_cut_anywhere_or_made_of_noise_are_errors() {
    let answer_with = |bytes: Vec<u8>| {
        let (url, server) = parrot(bytes);
        let result = LiveReader::attach(&url, Seek::Beginning);
        server.join().unwrap();
        result.err()
    };
    let mut greeting = 5u64.to_be_bytes().to_vec();
    for word in [2u32, 13, 1] {
        greeting.extend(word.to_be_bytes());
    }
    for length in 0..greeting.len() {
        assert!(answer_with(greeting[..length].to_vec()).unwrap().is_disconnected(), "cut at {length}");
    }
    for fill in [0u8, 0x01, 0x7f, 0xff] {
        let mut bytes = greeting.clone();
        bytes.resize(5000, fill);
        let error = answer_with(bytes).unwrap();
        assert!(error.is_protocol() || error.is_disconnected() || error.is_limit(), "{error}");
    }
}
