//! OTP's own LTTng events in a stock VM: what OTP's guide shows, from `{beamtap_nif, 0}` in place of `dyntrace`.

use beamtap_e2e::{native, root};
use beamtap_schema::OTP_PROVIDER;
use beamtap_testkit::{Sandbox, babeltrace, in_sandbox};
use std::collections::HashMap;

type Said = HashMap<String, u64>;

/// Records what the driver's function makes the VM do; answers the events as `name field=value ...`, with fields in
/// alphabetical order, and what the VM said.
fn record(sandbox: &Sandbox, function: &str) -> (Vec<String>, Said) {
    let _sessiond = sandbox.sessiond();
    let sources = [
        "vm/beamtap_nif",
        "vm/beamtap_files",
        "vm/beamtap_native",
        "vm/beamtap_definitions",
        "typed/beamtap_error",
    ]
    .map(|module| root().join(format!("erlang_src/{module}.erl")));
    let driver = root().join("tests/e2e/tests/tracer_driver.erl");
    let compiled = sandbox.command("erlc").arg("-o").arg(sandbox.home()).args(sources).arg(driver).status();
    assert!(compiled.expect("erlc runs").success());
    let output = format!("--output={}/trace", sandbox.home().display());
    sandbox.run("lttng", &["create", "guide", &output]);
    sandbox.run("lttng", &["enable-event", "--userspace", &format!("{OTP_PROVIDER}:*")]);
    sandbox.run("lttng", &["start"]);
    let library = native("libbeamtap_provider_otp.so");
    let expression = format!("tracer_driver:ready_for_otp(), tracer_driver:{function}(), halt(0).");
    let output = sandbox
        .command("erl")
        .args(["-noshell", "-pa"])
        .arg(sandbox.home())
        .args(["-eval", &expression])
        .env("BEAMTAP_NATIVE_DIR", library.parent().expect("a directory"))
        .output()
        .expect("erl runs");
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{function}: {text}{errors}");
    sandbox.run("lttng", &["destroy"]);
    let said = text.lines().filter_map(|line| line.split_once('='));
    let said = said.map(|(name, number)| (name.to_owned(), number.parse().expect("a number"))).collect();
    let lines = babeltrace(&sandbox.home().join("trace")).into_iter().map(|event| {
        let fields = event.fields.iter().map(|(name, value)| format!(" {name}={value}"));
        event.name.trim_start_matches(&format!("{OTP_PROVIDER}:")).to_owned() + &fields.collect::<String>()
    });
    (lines.collect(), said)
}

fn pid(id: u64) -> String {
    format!("<0.{}.{}>", id as u32, id >> 32)
}

#[test]
fn processes_are_told_from_spawn_to_exit() {
    in_sandbox(|sandbox| {
        let (lines, said) = record(sandbox, "otp_processes");
        let (parent, child) = (pid(said["parent"]), pid(said["child"]));
        let link = |from: &str, to: &str, what: &str| format!("process_link from={from} to={to} type={what}");
        let named = |what: &str| {
            format!("process_register name=a_rather_long_name_for_a_process pid={child} type={what}")
        };
        let mut expected = vec![
            format!("process_spawn entry=tracer_driver:otp_child/1 parent={parent} pid={child}"),
            // Each link is told by both ends.
            link(&parent, &child, "link"),
            link(&parent, &child, "link"),
            named("register"),
            named("unregister"),
            format!("process_exit pid={child} reason=normal"),
            format!("process_exit pid={parent} reason={{done,<<\"well\">>}}"),
        ];
        // Whether the child is still there when the parent unlinks is not said: told by one or by both.
        let (unlinked, mut told): (Vec<_>, Vec<_>) =
            lines.into_iter().partition(|line| line.starts_with("process_link") && line.ends_with("unlink"));
        assert!((1..=2).contains(&unlinked.len()), "{unlinked:?}");
        let either = [link(&parent, &child, "unlink"), link(&child, &parent, "unlink")];
        assert!(unlinked.iter().all(|line| either.contains(line)), "{unlinked:?}");
        // The two run beside each other.
        told.sort();
        expected.sort();
        assert_eq!(told, expected);
    });
}

#[test]
fn calls_are_told_with_their_depth() {
    in_sandbox(|sandbox| {
        let (lines, said) = record(sandbox, "otp_functions");
        let own = pid(said["self"]);
        let told = |what: &str, depth: u8| {
            format!("function_{what} depth={depth} entry=tracer_driver:nested/1 pid={own}")
        };
        let thrower = "entry=tracer_driver:'Thrower of things'/0";
        let expected = [
            vec![told("call", 0), told("return", 0)],
            (0..4).map(|depth| told("call", depth)).collect(),
            (0..4).rev().map(|depth| told("return", depth)).collect(),
            vec![
                format!("function_call depth=0 {thrower} pid={own}"),
                format!("function_exception class=throw {thrower} pid={own}"),
            ],
        ];
        assert_eq!(lines, expected.concat());
    });
}

#[test]
fn messages_are_told_as_the_vm_writes_terms() {
    in_sandbox(|sandbox| {
        let (lines, said) = record(sandbox, "otp_messages");
        let own = pid(said["self"]);
        let message = r#"{"text",[1,2,3|tail],'An atom',<<"binary">>,#{key=>1.500000e+00}}"#;
        let expected = [
            format!("message_send from={own} message={message} to={own}"),
            format!("message_receive message={message} to={own}"),
        ];
        assert_eq!(lines, expected);
    });
}

#[test]
fn ports_are_told_with_their_whole_names() {
    in_sandbox(|sandbox| {
        let (lines, said) = record(sandbox, "otp_ports");
        let (own, port) = (pid(said["self"]), format!("#Port<0.{}>", said["port"]));
        let scheduled =
            |entry: &str, what: &str| format!("port_scheduled entry={entry} pid={port} type={what}");
        let expected = [
            format!("port_open driver='cat -' pid={own} port={port}"),
            scheduled("open", "in"),
            scheduled("open", "out"),
            format!("port_link from={own} to={port} type=link"),
            scheduled("unlink", "in"),
            format!("port_link from={own} to={port} type=unlink"),
            scheduled("unlink", "out"),
            scheduled("close", "in"),
            format!("port_exit port={port} reason=normal"),
        ];
        // When the port runs for no operation of the program is the VM's matter.
        let lines: Vec<_> = lines.into_iter().filter(|line| !line.contains("entry=0")).collect();
        assert_eq!(lines, expected);
    });
}

#[test]
fn collections_are_told_with_their_sizes() {
    in_sandbox(|sandbox| {
        let (lines, said) = record(sandbox, "otp_collections");
        let own = pid(said["self"]);
        let [start, end] = &lines[..] else { panic!("{lines:?}") };
        let sizes = |line: &str, first: &str| {
            let words = line.split_once(' ').expect("fields").1.split(' ').map(|field| field.split_once('='));
            let fields: HashMap<_, _> = words.map(|field| field.expect("name=value")).collect();
            assert_eq!(fields["pid"], own);
            ["heap", "old_heap", first].map(|name| fields[name].parse::<u64>().expect("words"))
        };
        assert!(start.starts_with("gc_major_start ") && end.starts_with("gc_major_end "), "{lines:?}");
        // The heap was collected just before, so there is nothing to gain and nothing to grow for.
        let ([heap, old_heap, need], [after, old_after, _]) = (sizes(start, "need"), sizes(end, "reclaimed"));
        assert_eq!((need, old_heap, old_after), (0, 0, 0));
        assert!(heap > 0 && after > 0 && after <= heap, "{lines:?}");
    });
}

#[test]
fn no_term_takes_long_or_much() {
    in_sandbox(|sandbox| {
        let (lines, said) = record(sandbox, "otp_hostile");
        // The VM's own printing takes 25 ms and more for some of these terms.
        assert!(said.values().all(|us| *us < 10_000), "{said:?}");
        let messages: Vec<&str> = lines
            .iter()
            .filter(|line| !line.contains("io_request") && !line.contains("code_call"))
            .map(|line| line.split_once(" message=").expect("a message").1)
            .map(|rest| rest.rsplit_once(" to=").expect("a receiver").0)
            .collect();
        let cut = |text: String| text.chars().take(255).collect::<String>();
        let (atom, map) = (messages[4], messages[5]);
        assert!(map.starts_with("#{") && map.contains("=>") && map.len() == 255, "{map}");
        // An atom's letters have up to four bytes: the last one may be cut.
        assert!(atom.starts_with("'\u{1F600}\u{1F600}") && atom.chars().count() <= 66, "{atom}");
        let expected = [
            cut(format!("<<{}", "0,".repeat(255))),
            cut(format!("<<\"{}", "a".repeat(255))),
            // Cut 64 lists deep, of 10,000.
            format!("{}...{}", "[".repeat(64), "]".repeat(64)),
            "[a|b]".to_owned(),
            atom.to_owned(),
            map.to_owned(),
            "fun lists:map/2".to_owned(),
            // 1,000,001 bits.
            "#Integer<15626 words>".to_owned(),
            "-1267650600228229401496703205376".to_owned(),
            cut(format!("{{a,[<<\"{}", "b".repeat(255))),
            cut(format!("\"{}", "s".repeat(255))),
            "<<1,5:3>>".to_owned(),
            r#""schön \"so\"\n""#.to_owned(),
            "{[],<<>>,#{},{}}".to_owned(),
            "[1.500000e+00,97,-1,1152921504606846976]".to_owned(),
        ];
        assert_eq!(messages, expected);
    });
}
