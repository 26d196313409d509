//! The example of process tracing in OTP's guide "LTTng and Erlang/OTP", on a stock VM: the guide's own commands, with
//! `beamtap:tracer()` in place of `dyntrace`.

use beamtap_e2e::erl;
use beamtap_schema::OTP_PROVIDER;
use beamtap_testkit::{babeltrace, in_sandbox};

/// The names in the order of the guide's listing, which is OTP 19's.
const GUIDE: [&str; 9] = [
    "sasl_sup",
    "sasl_safe_sup",
    "alarm_handler",
    "release_handler",
    "os_mon_sup",
    "disksup",
    "memsup",
    "cpu_sup",
    "timer_server",
];

/// Starts `os_mon` under a tracer and prints `name pid` of all that are registered then. The logger is silent, because
/// `os_mon` may raise an alarm about the machine's memory.
const EXAMPLE: &str = r#"
    ok = logger:set_primary_config(level, none),
    {ok, _} = application:ensure_all_started(beamtap),
    {Module, State} = beamtap:tracer(),
    Wait = fun Wait() -> Module:enabled_procs(register, State, self()) =:= trace orelse begin erlang:yield(), Wait() end end,
    true = Wait(),
    erlang:trace(new, true, [procs, {tracer, Module, State}]),
    {ok, [sasl, os_mon]} = application:ensure_all_started(os_mon),
    erlang:trace(new, false, [all]),
    [io:format("~ts ~w~n", [Name, whereis(Name)]) || Name <- registered()]
"#;

/// The same under the VM's own messages: prints the names in the order in which they are registered.
const WITNESS: &str = r#"
    ok = logger:set_primary_config(level, none),
    Collect = fun Collect() ->
        receive
            {trace, _, register, Name} -> io:format("~ts~n", [Name]), Collect();
            {stop, From, Ref} -> From ! Ref;
            _ -> Collect()
        end
    end,
    Tracer = spawn_link(Collect),
    erlang:trace(new, true, [procs, {tracer, Tracer}]),
    {ok, [sasl, os_mon]} = application:ensure_all_started(os_mon),
    erlang:trace(new, false, [all]),
    Delivered = erlang:trace_delivered(all),
    receive {trace_delivered, all, Delivered} -> ok end,
    Tracer ! {stop, self(), Delivered},
    receive Delivered -> ok end
"#;

#[test]
fn the_guides_example_of_process_tracing() {
    in_sandbox(|sandbox| {
        let _sessiond = sandbox.sessiond();
        let trace = sandbox.home().join("erlang-demo");
        sandbox.run("lttng", &["create", "erlang-demo", &format!("--output={}", trace.display())]);
        sandbox.run("lttng", &["enable-event", "-u", &format!("{OTP_PROVIDER}:*")]);
        sandbox.run("lttng", &["start"]);
        let registered = erl(sandbox, EXAMPLE);
        sandbox.run("lttng", &["stop"]);
        let lines: Vec<_> = babeltrace(&trace)
            .into_iter()
            .filter(|event| event.name == format!("{OTP_PROVIDER}:process_register"))
            .map(|event| event.fields)
            .filter(|fields| fields["type"] == "register")
            .collect();
        for fields in &lines {
            assert_eq!(fields.keys().collect::<Vec<_>>(), ["name", "pid", "type"]);
        }
        let told: Vec<&str> = lines.iter().map(|fields| fields["name"].as_str()).collect();
        let witness = erl(sandbox, WITNESS);
        assert_eq!(told, witness.lines().collect::<Vec<_>>());
        // Which names there are is OTP's matter: in OTP 25 nobody asks for the timer server any more.
        let of_guide: Vec<&str> = told.iter().copied().filter(|name| GUIDE.contains(name)).collect();
        let expected: Vec<&str> = GUIDE.into_iter().filter(|name| told.contains(name)).collect();
        assert_eq!(of_guide, expected);
        assert!(expected.len() >= 7, "{told:?}");
        for fields in &lines {
            let line = format!("{} {}", fields["name"], fields["pid"]);
            assert!(registered.lines().any(|known| known == line), "{line} is not of {registered}");
        }
    });
}
