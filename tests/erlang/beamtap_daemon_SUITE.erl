%% The session daemon that a VM started, kept for the next tap. Each case has a VM and daemons of its own.
-module(beamtap_daemon_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([next_tap/1, after_a_while/1, not_at_all/1, cleared/1, application_stopped/1, vm_killed/1, others_session/1]).
-export([vm_halts/1, vm_halts_with_recorder/1]).
-export([daemon_killed/1, consumer_killed/1, guard_killed/1, daemon_stopped/1, failed_start/1]).

-import(beamtap_victim, [vm/1, call/3, call/4, healthy/1]).
-import(beamtap_world, [scratch/2]).

-define(CALLS, 100).
-define(PAIRS, 12).
-define(DAEMONS, [<<"beamtapd">>, <<"lttng-consumerd">>, <<"lttng-sessiond">>]).

all() ->
    [
        next_tap,
        after_a_while,
        not_at_all,
        cleared,
        application_stopped,
        vm_killed,
        vm_halts,
        vm_halts_with_recorder,
        others_session,
        daemon_killed,
        consumer_killed,
        guard_killed,
        daemon_stopped,
        failed_start
    ].

suite() -> [{timetrap, {minutes, 5}}].

init_per_suite(Config) -> beamtap_victim:suite(Config).

end_per_suite(_) -> ok.

%% What the first tap starts goes with it; from the second on they use the same.
next_tap(Config) ->
    Vm = vm([]),
    ok = tap(Vm, ?FUNCTION_NAME, Config),
    daemons(Vm, []),
    ok = tap(Vm, ?FUNCTION_NAME, Config),
    [Pid] = sessiond(Vm),
    _ = [ok = tap(Vm, ?FUNCTION_NAME, Config) || _ <- lists:seq(1, 3)],
    [Pid] = sessiond(Vm),
    %% It is nobody's session.
    [] = [Info || #{state := State} = Info <- call(Vm, beamtap, info, []), State =/= ended],
    cleared(Vm),
    healthy(Vm).

%% When nobody has come it ends by itself.
after_a_while(Config) ->
    Vm = vm([]),
    kept_for(1000, Vm),
    ok = kept(Vm, ?FUNCTION_NAME, Config),
    daemons(Vm, []),
    %% And not under a tap that has come.
    Path = path(?FUNCTION_NAME, Config),
    ok = kept(Vm, ?FUNCTION_NAME, Config),
    {ok, Tap} = call(Vm, start, [Path]),
    ok = call(Vm, timer, sleep, [1500]),
    ok = call(Vm, call_often, [?CALLS]),
    {ok, #{problems := []}} = call(Vm, stop, [Tap]),
    ?CALLS = beamtap_world:calls(Path, beamtap_victim, work),
    daemons(Vm, []),
    healthy(Vm).

not_at_all(Config) ->
    Vm = vm([]),
    kept_for(0, Vm),
    _ = [
        begin
            ok = tap(Vm, ?FUNCTION_NAME, Config),
            daemons(Vm, [])
        end
     || _ <- [first, second]
    ],
    healthy(Vm).

cleared(Config) when is_list(Config) ->
    Vm = vm([]),
    ok = kept(Vm, ?FUNCTION_NAME, Config),
    cleared(Vm),
    %% The next is kept again.
    ok = kept(Vm, ?FUNCTION_NAME, Config),
    cleared(Vm),
    healthy(Vm);
cleared(Vm) ->
    {ok, []} = call(Vm, beamtap, clear, []),
    daemons(Vm, []).

application_stopped(Config) ->
    Vm = vm([]),
    ok = kept(Vm, ?FUNCTION_NAME, Config),
    ok = call(Vm, application, stop, [beamtap]),
    daemons(Vm, []),
    healthy(Vm).

vm_killed(Config) ->
    Vm = vm([]),
    {_, Within, OsPid} = beamtap_victim:other(Vm),
    _ = [
        begin
            {ok, Tap} = Within(beamtap_victim, start, [path(?FUNCTION_NAME, Config)]),
            {ok, _} = Within(beamtap_victim, stop, [Tap])
        end
     || _ <- [first, second]
    ],
    daemons(Vm, ?DAEMONS),
    _ = call(Vm, os, cmd, ["kill -KILL " ++ OsPid]),
    daemons(Vm, []),
    healthy(Vm).

%% A VM that ends by halt/0 with a tap leaves a daemon that is on its way out, and a next VM starts a tap at once. Where it
%% finds the daemon depends on when it looks: one looks when it has booted, one as soon as the first has ended.
vm_halts(Config) ->
    Vm = vm([]),
    Round = fun(N, Before) ->
        _ = N rem 2 =:= 0 andalso halted(Vm, Before),
        {_, Within, _} = Next = beamtap_victim:other(Vm),
        _ = N rem 2 =:= 0 orelse halted(Vm, Before),
        {ok, _} = Within(beamtap_victim, start, [path(?FUNCTION_NAME, Config)]),
        Next
    end,
    {_, Within, _} = First = beamtap_victim:other(Vm),
    {ok, _} = Within(beamtap_victim, start, [path(?FUNCTION_NAME, Config)]),
    halted(Vm, lists:foldl(Round, First, lists:seq(1, ?PAIRS))),
    daemons(Vm, []),
    healthy(Vm).

%% The daemon answers as long as the recorder is written, and ends then, with whoever has come.
vm_halts_with_recorder(Config) ->
    Vm = vm([]),
    {_, Within, _} = First = beamtap_victim:other(Vm),
    {ok, _} = Within(beamtap_victim, start, [path(recorder, Config), #{mode => snapshot, subbuf_size => 1 bsl 23}]),
    ok = Within(beamtap_victim, call_often, [300000]),
    {_, Next, _} = Second = beamtap_victim:other(Vm),
    halted(Vm, First),
    Path = path(?FUNCTION_NAME, Config),
    {ok, Tap} = Next(beamtap_victim, start, [Path]),
    ok = Next(beamtap_victim, call_often, [?CALLS]),
    {ok, #{problems := [], gaps := []}} = Next(beamtap_victim, stop, [Tap]),
    ?CALLS = beamtap_world:calls(Path, beamtap_victim, work),
    halted(Vm, Second),
    daemons(Vm, []),
    healthy(Vm).

%% Returns as soon as the VM's process is gone.
halted(Vm, {_, Within, OsPid}) ->
    %% The call ends with the connection.
    _ = spawn(fun() -> Within(erlang, halt, []) end),
    ok = call(Vm, beamtap_victim, ended, [OsPid]).

%% A session that somebody made in it keeps it, however long.
others_session(Config) ->
    Vm = vm([]),
    kept_for(1000, Vm),
    ok = kept(Vm, ?FUNCTION_NAME, Config),
    _ = call(Vm, os, cmd, ["lttng create theirs --output=" ++ path(theirs, Config)]),
    [Pid] = sessiond(Vm),
    ok = call(Vm, timer, sleep, [1500]),
    {ok, []} = call(Vm, beamtap, clear, []),
    ok = call(Vm, application, stop, [beamtap]),
    [Pid] = sessiond(Vm),
    #{sessions := [<<"theirs">>]} = call(Vm, beamtap_world, snapshot, []),
    _ = call(Vm, os, cmd, ["lttng destroy theirs"]),
    cleared(Vm),
    healthy(Vm).

daemon_killed(Config) -> lost(?FUNCTION_NAME, "lttng-sessiond", "KILL", Config).

consumer_killed(Config) -> lost(?FUNCTION_NAME, "lttng-consumerd", "KILL", Config).

guard_killed(Config) -> lost(?FUNCTION_NAME, "beamtapd", "KILL", Config).

daemon_stopped(Config) -> lost(?FUNCTION_NAME, "lttng-sessiond", "STOP", Config).

%% A start that fails leaves what was there before.
failed_start(Config) ->
    Vm = vm([]),
    Fails = fun() ->
        %% Nobody listens there.
        Opts = #{mode => {net, "net://127.0.0.1:1:2"}},
        {error, #{reason := no_relayd}} = call(Vm, start, [path(?FUNCTION_NAME, Config), Opts])
    end,
    _ = Fails(),
    daemons(Vm, []),
    ok = tap(Vm, ?FUNCTION_NAME, Config),
    ok = tap(Vm, ?FUNCTION_NAME, Config),
    [Pid] = sessiond(Vm),
    _ = Fails(),
    [Pid] = sessiond(Vm),
    ok = tap(Vm, ?FUNCTION_NAME, Config),
    cleared(Vm),
    healthy(Vm).

%%% Within

%% Two taps, after which a daemon is kept.
kept(Vm, Case, Config) ->
    ok = tap(Vm, Case, Config),
    ok = tap(Vm, Case, Config),
    [_] = sessiond(Vm),
    ok.

%% What was kept can record no more: the next tap has another.
lost(Case, Name, Signal, Config) ->
    Vm = vm([]),
    ok = kept(Vm, Case, Config),
    [Pid] = sessiond(Vm),
    Count = call(Vm, signal, [Name, Signal]),
    true = Count > 0,
    _ = Signal =:= "KILL" andalso beamtap_world:until(fun() -> call(Vm, signal, [Name, "0"]) =:= 0 end),
    _ = Name =:= "beamtapd" andalso daemons(Vm, []),
    ok = tap(Vm, Case, Config),
    false = lists:member(Pid, sessiond(Vm)),
    cleared(Vm),
    healthy(Vm).

tap(Vm, Case, Config) ->
    Path = path(Case, Config),
    {ok, Tap} = call(Vm, start, [Path]),
    recorded(Vm, Tap, Path).

recorded(Vm, Tap, Path) ->
    ok = call(Vm, call_often, [?CALLS]),
    {ok, #{problems := [], gaps := []}} = call(Vm, stop, [Tap]),
    ?CALLS = beamtap_world:calls(Path, beamtap_victim, work),
    ok.

path(Case, Config) -> filename:absname(scratch(Case, Config)).

kept_for(Ms, Vm) ->
    ok = call(Vm, application, set_env, [beamtap, keep_daemon, Ms, [{persistent, true}]]).

sessiond(Vm) ->
    string:lexemes(call(Vm, os, cmd, ["cat /run/lttng/lttng-sessiond.pid 2>/dev/null"]), "\n").

daemons(Vm, Wanted) ->
    beamtap_world:until(fun() ->
        %% The session daemon has a helper of its own.
        Daemons = lists:usort(call(Vm, beamtap_world, daemons, [])) -- [<<"lttng-runas">>],
        Daemons =:= Wanted orelse Daemons
    end).
