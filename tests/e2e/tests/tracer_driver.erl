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

%% A driver that takes iolists: the VM makes one binary of small parts and leaves large ones as they are.
iolists() ->
    {ok, Listen} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}}]),
    {ok, Number} = inet:port(Listen),
    spawn(fun() -> {ok, Peer} = gen_tcp:accept(Listen), read_all(Peer) end),
    {ok, Port} = gen_tcp:connect({127, 0, 0, 1}, Number, [{active, false}]),
    said("port", number(Port)),
    said("self", number(self())),
    erlang:trace(Port, true, ['receive', ?TRACER]),
    Large = binary:copy(<<"x">>, 300),
    [
        true = port_command(Port, Data)
     || Data <- [
            [<<"an iol">>, [[], $i | <<"st">>], [["."]]],
            [Large, [[Large], $x | Large]],
            lists:duplicate(500, Large),
            lists:duplicate(2000, Large)
        ]
    ],
    erlang:trace(Port, false, [all]),
    ok = gen_tcp:close(Port).

read_all(Peer) ->
    receive
        {tcp, Peer, _} -> read_all(Peer);
        {tcp_closed, Peer} -> ok
    end.

timeouts() ->
    said("self", number(self())),
    erlang:trace(self(), true, ['receive', ?TRACER]),
    self() ! {one, 1},
    receive {one, 1} -> ok end,
    receive never -> ok after 1 -> ok end,
    receive never -> ok after 0 -> ok end,
    self() ! {timeout, not_a_reference},
    receive {timeout, _} -> ok end,
    self() ! timeouts,
    receive timeouts -> ok end,
    erlang:trace(self(), false, [all]).

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
    ok = beamtap_nif:tap_clock(Tap),
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

%% OTP's events instead of beamtap's own.
ready_for_otp() ->
    ok = beamtap_native:load(),
    Library = unicode:characters_to_binary(beamtap_files:file("libbeamtap_provider_otp.so")),
    {error, {has_own, _, _}} = beamtap_nif:open_otp_provider(Library, lttng),
    false = is_mapped(),
    ok = beamtap_nif:open_otp_provider(Library, erlang:system_info(dynamic_trace)),
    true = is_mapped(),
    await_otp().

is_mapped() ->
    {ok, Maps} = file:read_file("/proc/self/maps"),
    binary:match(Maps, <<"beamtap_provider_otp">>) =/= nomatch.

%% LTTng switches events on and tells nobody; the tracer's answer shows when.
await_otp() ->
    case beamtap_nif:enabled_call(call, 0, self()) of
        trace -> ok;
        discard -> erlang:yield(), await_otp()
    end.

%% The guide's example of process tracing: a process that spawns and links another one, which takes a name.
otp_processes() ->
    Parent = spawn(fun() -> receive go -> otp_parent() end end),
    said("parent", number(Parent)),
    erlang:trace(Parent, true, [procs, set_on_spawn, {tracer, beamtap_nif, 0}]),
    Ref = monitor(process, Parent),
    Parent ! go,
    receive {'DOWN', Ref, process, Parent, _} -> ok end.

otp_parent() ->
    Child = spawn(?MODULE, otp_child, [self()]),
    said("child", number(Child)),
    link(Child),
    Child ! linked,
    receive {Child, named} -> ok end,
    unlink(Child),
    exit({done, <<"well">>}).

otp_child(Parent) ->
    receive linked -> ok end,
    register(a_rather_long_name_for_a_process, self()),
    Parent ! {self(), named},
    unregister(a_rather_long_name_for_a_process).

%% Nested calls whose returns are traced, one exception, and messages.
otp_functions() ->
    said("self", number(self())),
    erlang:trace_pattern({?MODULE, nested, 1}, [{'_', [], [{exception_trace}]}], [local]),
    erlang:trace_pattern({?MODULE, 'Thrower of things', 0}, [{'_', [], [{exception_trace}]}], [local]),
    erlang:trace(self(), true, [call, {tracer, beamtap_nif, 0}]),
    nested(0),
    nested(3),
    catch 'Thrower of things'(),
    erlang:trace(self(), false, [all]).

nested(0) -> 0;
nested(N) -> nested(N - 1) + 1.

'Thrower of things'() -> throw(thing).

otp_messages() ->
    said("self", number(self())),
    erlang:trace(self(), true, [send, 'receive', {tracer, beamtap_nif, 0}]),
    self() ! {"text", [1, 2, 3 | tail], 'An atom', <<"binary">>, #{key => 1.5}},
    receive {"text", _, _, _, _} -> ok end,
    erlang:trace(self(), false, [all]).

%% Terms that would take long to write out in full; each is sent once, and the time it takes is told.
otp_hostile() ->
    Sink = spawn(fun Loop() -> receive _ -> Loop() end end),
    erlang:trace(self(), true, [send, {tracer, beamtap_nif, 0}]),
    Deep = lists:foldl(fun(_, Inner) -> [Inner] end, [], lists:seq(1, 10000)),
    [
        begin
            Start = erlang:monotonic_time(microsecond),
            Sink ! Term,
            said(Name, erlang:monotonic_time(microsecond) - Start)
        end
     || {Name, Term} <- [
            {"bytes_us", binary:copy(<<0>>, 64 bsl 20)},
            {"printable_us", binary:copy(<<"a">>, 64 bsl 20)},
            {"deep_us", Deep},
            {"improper_us", [a | b]},
            {"atom_us", list_to_atom(lists:duplicate(255, 16#1F600))},
            {"map_us", maps:from_list([{N, N} || N <- lists:seq(1, 1000)])},
            {"fun_us", fun lists:map/2},
            {"big_us", 1 bsl 1000000},
            {"negative_us", -(1 bsl 100)},
            {"nested_us", {a, [binary:copy(<<"b">>, 64 bsl 20)]}},
            {"string_us", lists:duplicate(100000, $s)},
            {"bits_us", <<1, 5:3>>},
            {"latin_us", "sch\x{f6}n \"so\"\n"},
            {"empty_us", {[], <<>>, #{}, {}}},
            {"float_us", [1.5, $a, -1, 1 bsl 60]}
        ]
    ],
    erlang:trace(self(), false, [all]).

otp_ports() ->
    erlang:trace(new_ports, true, [ports, running_ports, {tracer, beamtap_nif, 0}]),
    Port = open_port({spawn, "cat -"}, [binary]),
    said("port", number(Port)),
    said("self", number(self())),
    unlink(Port),
    true = port_close(Port),
    erlang:trace(new_ports, false, [all]).

otp_collections() ->
    said("self", number(self())),
    erlang:garbage_collect(),
    erlang:trace(self(), true, [garbage_collection, running, {tracer, beamtap_nif, 0}]),
    erlang:garbage_collect(),
    erlang:trace(self(), false, [all]).

%% With a library whose callbacks panic at calls of beamtap_panic/0: counted, and from the tenth on every tap is over.
panics() ->
    Tap = tap(#{}),
    1 = erlang:trace_pattern({?MODULE, beamtap_panic, 0}, [{'_', [], [{return_trace}]}], [local]),
    trace_calls(self(), Tap),
    ok = beamtap_panic(),
    said("first", beamtap_nif:panics()),
    {tracer, {beamtap_nif, Tap}} = erlang:trace_info(self(), tracer),
    traced(1),
    panic_until_untraced(),
    said("panics", beamtap_nif:panics()),
    told(Tap, panics),
    ended(Tap, panics).

beamtap_panic() -> ok.

panic_until_untraced() ->
    beamtap_panic(),
    case erlang:trace_info(self(), tracer) of
        {tracer, []} -> ok;
        _ -> panic_until_untraced()
    end.

%% The module that is the tracer is reloaded, purged and deleted under a process that is traced and calls all the time.
reloads() ->
    Hot = spawn_link(fun Loop() -> traced(hot), erlang:yield(), Loop() end),
    1 = erlang:trace_pattern({?MODULE, traced, 1}, true, [local]),
    [reload(Hot) || _ <- lists:seq(1, 100)],
    true = is_process_alive(Hot),
    {module, beamtap_nif} = code:ensure_loaded(beamtap_nif),
    trace_calls(Hot, 0),
    {tracer, {beamtap_nif, 0}} = erlang:trace_info(Hot, tracer),
    [{_, Before, _, _, _}] = [Counter || {<<"call">>, _, _, _, _} = Counter <- beamtap_nif:counters()],
    emitted_more_than(Before),
    unlink(Hot),
    exit(Hot, kill),
    said("alive", 1).

reload(Hot) ->
    {module, beamtap_nif} = code:ensure_loaded(beamtap_nif),
    catch trace_calls(Hot, 0),
    erlang:yield(),
    true = code:delete(beamtap_nif),
    erlang:yield(),
    _ = code:purge(beamtap_nif).

emitted_more_than(Before) ->
    case [Now || {<<"call">>, Now, _, _, _} <- beamtap_nif:counters(), Now > Before] of
        [] -> erlang:yield(), emitted_more_than(Before);
        [_] -> ok
    end.
