%% Loops of every kind, each as a server that answers one round for each message, and as one that goes round by itself.
-module(beamtap_looper).
-behaviour(gen_server).

-export([start/1, round/1, kinds/0]).
-export([self_loop/1, ping/1, pong/1, across/1, apply_loop/2, fun_loop/2, sum/1, count/2, spin/2, bounded/1]).
-export([init/1, handle_call/3, handle_cast/2]).

kinds() -> [self_loop, ping, across, apply_loop, fun_loop, gen_server, gen_statem].

start(gen_server) ->
    {ok, Pid} = gen_server:start(?MODULE, none, []),
    Pid;
start(gen_statem) ->
    {ok, Pid} = gen_statem:start(beamtap_looper_other, none, []),
    Pid;
start(apply_loop) ->
    spawn(?MODULE, apply_loop, [?MODULE, 0]);
start(fun_loop) ->
    spawn(?MODULE, fun_loop, [fun ?MODULE:fun_loop/2, 0]);
start(Kind) ->
    spawn(?MODULE, Kind, [0]).

round(Server) ->
    Reference = monitor(process, Server),
    Server ! {'$gen_call', {self(), Reference}, go},
    receive
        {Reference, Answer} ->
            true = demonitor(Reference, [flush]),
            Answer
    end.

answer() ->
    receive
        {'$gen_call', {From, Reference}, go} -> From ! {Reference, ok}
    end.

self_loop(N) ->
    answer(),
    self_loop(N + 1).

ping(N) ->
    answer(),
    pong(N + 1).

pong(N) ->
    ping(N + 1).

across(N) ->
    answer(),
    beamtap_looper_other:back(N + 1).

apply_loop(Module, N) ->
    answer(),
    Module:apply_loop(Module, N + 1).

fun_loop(Loop, N) ->
    answer(),
    Loop(Loop, N + 1).

%% Deep, but it returns.
sum(0) -> 0;
sum(N) -> 1 + sum(N - 1).

count(0, N) -> N;
count(More, N) -> count(More - 1, N + 1).

%% Goes round by a fun, for so many times.
spin(_, 0) -> done;
spin(Fun, N) -> Fun(Fun, N - 1).

%% What stands behind a call of a loop is its caller's.
bounded(N) ->
    Counted = count(N, 0),
    Counted + 1.

init(none) -> {ok, 0}.

handle_call(go, _, N) -> {reply, ok, N + 1}.

handle_cast(_, N) -> {noreply, N}.
