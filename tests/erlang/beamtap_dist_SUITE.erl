%% What the VM's system monitor tells of connections to other nodes, and taps started from there, between two nodes with
%% an epmd of their own.
-module(beamtap_dist_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([busy_dist_port/1, called_from_another_node/1, called_by_c_node/1, spawned_from_another_node/1]).
%% Within a node
-export([blocked_sender/3, work/1, starts/3, starts_and_waits/2]).

-define(COOKIE, "dist_suite").

suite() -> [{timetrap, {minutes, 2}}].

all() -> [busy_dist_port, called_from_another_node, called_by_c_node, spawned_from_another_node].

init_per_suite(Config) ->
    case [Program || Program <- ["epmd", "babeltrace2"], os:find_executable(Program) =:= false] of
        [Missing | _] -> beamtap_skip:missing(Missing);
        [] -> beamtap_sessiond:start([{epmd, free_port()} | Config])
    end.

end_per_suite(Config) ->
    _ = os:cmd(["ERL_EPMD_PORT=", epmd(Config), " epmd -kill"]),
    beamtap_sessiond:stop(Config).

%% A node that has stopped reads nothing: once the connection's buffers are full, whoever sends to it waits.
busy_dist_port(Config) ->
    {Reader, Node} = node([], Config),
    %% In KB: the least there is.
    {Host, _} = node(["+zdbbl", "1"], Config),
    OsPid = peer:call(Reader, os, getpid, []),
    Output = beamtap_world:scratch(?FUNCTION_NAME, Config),
    {Receipt, Sender, Connection} = peer:call(Host, ?MODULE, blocked_sender, [Node, OsPid, Output], 60000),
    #{problems := [], path := Path} = Receipt,
    [Told | _] = [Told || {busy_dist_port, Told} <- beamtap_world:events(Path, [busy_dist_port])],
    #{pid := Sender, connection := Connection, connection_kind := 1} = Told,
    lists:foreach(fun peer:stop/1, [Reader, Host]).

%% One call, because a tap ends with the process that started it.
blocked_sender(Node, OsPid, Output) ->
    {ok, _} = application:ensure_all_started(beamtap),
    Nothing = maps:from_keys([long_gc, long_schedule, large_heap, long_message_queue, busy_port], false),
    Only = Nothing#{busy_dist_port => true},
    {ok, Tap} = beamtap:start(system_monitor, #{system_monitor => Only, output => Output, for => infinity}),
    true = net_kernel:connect_node(Node),
    {Node, Port} = lists:keyfind(Node, 1, erlang:system_info(dist_ctrl)),
    "" = os:cmd("kill -STOP " ++ OsPid),
    Sender = spawn(fun() -> flood({nobody, Node}, binary:copy(<<0>>, 1000000)) end),
    beamtap_world:emits(Tap, 1),
    {ok, Receipt} = beamtap:stop(Tap),
    "" = os:cmd("kill -CONT " ++ OsPid),
    exit(Sender, kill),
    "#Port<0." ++ Rest = port_to_list(Port),
    {Connection, ">"} = string:to_integer(Rest),
    {Receipt, beamtap_world:number(Sender), Connection}.

%% The process that carries out a call ends with it; the tap is the node's.
called_from_another_node(Config) ->
    {Caller, _} = node([], Config),
    {Traced, Node} = node([], Config),
    _ = [
        begin
            Output = beamtap_world:scratch(?FUNCTION_NAME, Config),
            {ok, Tap} = peer:call(Caller, ?MODULE, starts, [Call, Node, Output], 60000),
            recorded(Traced, Tap)
        end
     || Call <- [rpc, erpc]
    ],
    lists:foreach(fun peer:stop/1, [Caller, Traced]).

%% As that of a node before OTP 23.
called_by_c_node(Config) ->
    case lists:append([filelib:wildcard(Place ++ "/bin/erl_call", code:root_dir()) || Place <- ["erts-*", "lib/erl_interface-*"]]) of
        [ErlCall | _] ->
            {Traced, Node} = node([], Config),
            Output = beamtap_world:scratch(?FUNCTION_NAME, Config),
            Expression = io_lib:format("beamtap:start({~s,work,1}, [{output,\"~ts\"}]).", [?MODULE, Output]),
            Command = [
                "echo '", Expression, "' | ERL_EPMD_PORT=", epmd(Config), " '", filename:join(code:root_dir(), ErlCall),
                "' -c " ?COOKIE " -sname ", atom_to_list(Node), " -e 2>&1"
            ],
            Said = os:cmd(unicode:characters_to_list(Command)),
            {match, [Number]} = re:run(Said, "{ok, *{tap, *([0-9]+)}}", [{capture, all_but_first, list}]),
            recorded(Traced, {tap, list_to_integer(Number)}),
            peer:stop(Traced);
        [] ->
            beamtap_skip:missing("erl_call")
    end.

%% A process that lives on its own owns its taps, wherever it was started from.
spawned_from_another_node(Config) ->
    {Caller, _} = node([], Config),
    {Traced, Node} = node([], Config),
    Output = beamtap_world:scratch(?FUNCTION_NAME, Config),
    {ok, Tap, Owner} = peer:call(Caller, ?MODULE, starts, [spawn, Node, Output], 60000),
    {ok, #{state := recording, owner := Owner}} = peer:call(Traced, beamtap, info, [Tap]),
    true = peer:call(Traced, erlang, exit, [Owner, kill]),
    {ok, #{ended_by := owner}} = peer:call(Traced, beamtap, stop, [Tap], 60000),
    lists:foreach(fun peer:stop/1, [Caller, Traced]).

recorded(Traced, Tap) ->
    Init = peer:call(Traced, erlang, whereis, [init]),
    {ok, #{state := recording, owner := Init}} = peer:call(Traced, beamtap, info, [Tap]),
    _ = [N = peer:call(Traced, ?MODULE, work, [N]) || N <- lists:seq(1, 5)],
    {ok, #{ended_by := stop, path := Path}} = peer:call(Traced, beamtap, stop, [Tap], 60000),
    5 = beamtap_world:calls(Path, ?MODULE, work).

work(N) -> N.

starts(rpc, Node, Output) ->
    rpc:call(Node, beamtap, start, [{?MODULE, work, 1}, #{output => Output}]);
starts(erpc, Node, Output) ->
    erpc:call(Node, beamtap, start, [{?MODULE, work, 1}, #{output => Output}]);
starts(spawn, Node, Output) ->
    _ = spawn(Node, ?MODULE, starts_and_waits, [self(), Output]),
    receive
        {started, Owner, {ok, Tap}} -> {ok, Tap, Owner}
    end.

starts_and_waits(Caller, Output) ->
    Caller ! {started, self(), beamtap:start({?MODULE, work, 1}, #{output => Output})},
    receive
        never -> ok
    end.

flood(To, Message) ->
    To ! Message,
    flood(To, Message).

node(Args, Config) ->
    {ok, Peer, Node} = peer:start(#{
        name => peer:random_name(?MODULE),
        host => "localhost",
        connection => standard_io,
        wait_boot => 60000,
        args => ["-setcookie", ?COOKIE, "-pa", ebin(beamtap), ebin(?MODULE) | Args],
        env => [{"ERL_EPMD_PORT", epmd(Config)}]
    }),
    {Peer, Node}.

ebin(Module) -> filename:absname(filename:dirname(code:which(Module))).

epmd(Config) -> integer_to_list(proplists:get_value(epmd, Config)).

free_port() ->
    {ok, Socket} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}}]),
    {ok, Port} = inet:port(Socket),
    ok = gen_tcp:close(Socket),
    Port.
