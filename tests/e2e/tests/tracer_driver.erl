%% Makes a stock VM produce known events under {beamtap_nif, 0}, and prints what identifies them.
-module(tracer_driver).
-compile([export_all, nowarn_export_all]).

-define(TRACER, {tracer, beamtap_nif, 0}).

%% The provider open and every typed event switched on by LTTng.
ready() ->
    ok = beamtap_native:load_provider(),
    ok = beamtap_nif:await_enabled([Event || {Event, _, _} <- beamtap_nif:catalogue()], 20000).

said(Name, Value) -> io:format("~s=~b~n", [Name, Value]).

number(Port) when is_port(Port) -> list_to_integer(lists:last(string:lexemes(erlang:port_to_list(Port), ".>")));
number(Pid) when is_pid(Pid) ->
    [_, Number, Serial] = string:lexemes(pid_to_list(Pid), "<.>"),
    list_to_integer(Serial) bsl 32 bor list_to_integer(Number).

ports() ->
    erlang:trace(new_ports, true, [ports, running_ports, 'receive', send, ?TRACER]),
    Port = open_port({spawn, "cat"}, [binary]),
    said("port", number(Port)),
    said("self", number(self())),
    register(probe_port, Port),
    Port ! {self(), {command, <<"hello">>}},
    receive {Port, {data, <<"hello">>}} -> ok end,
    true = port_command(Port, <<"four">>),
    receive {Port, {data, <<"four">>}} -> ok end,
    Port ! {self(), {command, "seven b"}},
    receive {Port, {data, <<"seven b">>}} -> ok end,
    unlink(Port),
    link(Port),
    {'EXIT', {badarg, _}} = (catch port_control(Port, 7, <<"xyz">>)),
    true = erlang:port_connect(Port, self()),
    unregister(probe_port),
    true = port_close(Port),
    erlang:trace(new_ports, false, [all]).

sequence() ->
    seq_trace:set_system_tracer({beamtap_nif, 0}),
    Self = self(),
    Echo = spawn(fun() -> receive {From, X} -> From ! {self(), X} end end),
    said("self", number(Self)),
    said("echo", number(Echo)),
    seq_trace:set_token(label, 4711),
    [seq_trace:set_token(Flag, true) || Flag <- [send, 'receive', print]],
    Echo ! {Self, hello},
    receive {Echo, hello} -> ok end,
    seq_trace:print(4711, "secret"),
    seq_trace:set_token([]),
    seq_trace:set_system_tracer(false).

names() ->
    erlang:trace(self(), true, [procs, ?TRACER]),
    said("self", number(self())),
    register(probe_name, self()),
    unregister(probe_name),
    {Pid, Ref} = spawn_opt(lists, seq, [1, 3], [link, monitor]),
    said("child", number(Pid)),
    receive {'DOWN', Ref, process, Pid, normal} -> ok end,
    erlang:trace(self(), false, [all]).

traced(X) -> X.

calls(0) -> ok;
calls(N) ->
    traced(N),
    calls(N - 1).

tap(Limits) -> tap(self(), Limits).

tap(Owner, Limits) ->
    {ok, Tap} = beamtap_nif:tap_open(Owner, maps:merge(#{events => infinity, deadline_ms => infinity}, Limits)),
    ok = beamtap_nif:tap_watch(Tap, self()),
    ok = beamtap_nif:tap_arm(Tap),
    1 = erlang:trace_pattern({?MODULE, traced, 1}, true, [local]),
    Tap.

trace_calls(Pid, Tap) -> erlang:trace(Pid, true, [call, arity, {tracer, beamtap_nif, Tap}]).

%% What became of the tap: how much it emitted, and why it ended if it did.
ended(Tap, Reason) ->
    #{state := State, reason := Reason, emitted := Emitted} = beamtap_nif:tap_info(Tap),
    State = case Reason of none -> armed; _ -> tripped end,
    said("emitted", Emitted),
    ok = beamtap_nif:tap_close(Tap).

told(Tap, Reason) ->
    receive {beamtap_tripped, Tap, Reason} -> ok end.

%% Three processes call on until the tap has had enough.
limit_of_events() ->
    Tap = tap(#{events => 1000}),
    Pids = [spawn_monitor(fun() -> receive go -> calls(5000) end end) || _ <- [1, 2, 3]],
    [trace_calls(Pid, Tap) || {Pid, _} <- Pids],
    [Pid ! go || {Pid, _} <- Pids],
    [receive {'DOWN', Ref, _, _, normal} -> ok end || {_, Ref} <- Pids],
    told(Tap, events),
    ended(Tap, events).

limit_of_rate() ->
    Tap = tap(#{events_per_second => 1000}),
    trace_calls(self(), Tap),
    calls(200000),
    told(Tap, rate),
    ended(Tap, rate).

%% Half the rate allowed, for more than the second that the bucket holds at the start.
below_the_rate() ->
    Tap = tap(#{events_per_second => 1000}),
    trace_calls(self(), Tap),
    paced(erlang:monotonic_time(microsecond), 1200),
    ended(Tap, none).

paced(_, 0) -> ok;
paced(Start, N) ->
    traced(N),
    Due = Start + (1201 - N) * 2000,
    paced_until(Due),
    paced(Start, N - 1).

paced_until(Due) ->
    case erlang:monotonic_time(microsecond) < Due of
        true -> erlang:yield(), paced_until(Due);
        false -> ok
    end.

deadline() ->
    Start = erlang:monotonic_time(microsecond),
    Tap = tap(#{deadline_ms => 200}),
    trace_calls(self(), Tap),
    Gone = calls_until_untraced(),
    said("ran_us", Gone - Start),
    told(Tap, deadline),
    ended(Tap, deadline).

%% A tap that tripped is taken off the process by the VM at its next event.
calls_until_untraced() ->
    traced(x),
    case erlang:trace_info(self(), tracer) of
        {tracer, []} -> erlang:monotonic_time(microsecond);
        _ -> calls_until_untraced()
    end.

owner() ->
    {Owner, Ref} = spawn_monitor(fun() -> receive stop -> ok end end),
    Tap = tap(Owner, #{}),
    trace_calls(self(), Tap),
    traced(1),
    {tracer, {beamtap_nif, Tap}} = erlang:trace_info(self(), tracer),
    Owner ! stop,
    receive {'DOWN', Ref, _, _, _} -> ok end,
    told(Tap, owner),
    _ = calls_until_untraced(),
    calls(100),
    ended(Tap, owner).
