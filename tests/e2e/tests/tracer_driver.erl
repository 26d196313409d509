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
