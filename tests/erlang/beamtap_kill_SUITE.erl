%% Every process of beamtap's killed while a tap records, alone and two at once: the next start and clear/0 work, and
%% nothing stays traced. The order is random: BEAMTAP_SEED repeats one.
-module(beamtap_kill_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([alone/1, two_at_once/1, supervisor_and_nobody_comes/1, more_often_than_restarts/1, one_after_another/1]).

-import(beamtap_victim, [vm/1, call/3, call/4, healthy/1]).
-import(beamtap_world, [scratch/2]).

-define(CALLS, 100).
-define(PAIRS, 16).
%% `session' is the tap process. The loads process holds a trace of its own.
-define(VICTIMS, [
    session, beamtap_sup, beamtap_core_sup, beamtap_face_sup, beamtap_session_sup, beamtap_janitor, beamtap_loads, beamtap_definitions,
    beamtap_telemetry, beamtap_toggle
]).

all() -> [alone, two_at_once, supervisor_and_nobody_comes, more_often_than_restarts, one_after_another].

suite() -> [{timetrap, {minutes, 8}}].

init_per_suite(Config) -> beamtap_victim:suite(Config).

end_per_suite(_) -> ok.

alone(Config) ->
    Vm = vm([]),
    ok = beamtap_seed:new(?FUNCTION_NAME),
    _ = [killed(Vm, [Victim], ?FUNCTION_NAME, Config) || Victim <- beamtap_seed:shuffled(?VICTIMS)],
    healthy(Vm).

two_at_once(Config) ->
    Vm = vm([]),
    ok = beamtap_seed:new(?FUNCTION_NAME),
    Pairs = [[One, Other] || One <- ?VICTIMS, Other <- ?VICTIMS, One =/= Other],
    _ = [killed(Vm, Pair, ?FUNCTION_NAME, Config) || Pair <- lists:sublist(beamtap_seed:shuffled(Pairs), ?PAIRS)],
    healthy(Vm).

%% What is left is taken back also where nobody asks for anything any more.
supervisor_and_nobody_comes(Config) ->
    Vm = vm([]),
    {ok, _} = start(Vm, ?FUNCTION_NAME, Config),
    ok = call(Vm, beamtap_victim, kill_processes, [[beamtap_sup]]),
    untraced(Vm),
    records(Vm, ?FUNCTION_NAME, Config),
    healthy(Vm).

%% The application ends with its supervisor.
more_often_than_restarts(Config) ->
    Vm = vm([]),
    {ok, _} = start(Vm, ?FUNCTION_NAME, Config),
    ok = call(Vm, beamtap_victim, kill_until_gone, [beamtap_definitions, beamtap_sup]),
    records(Vm, ?FUNCTION_NAME, Config),
    {ok, _} = call(Vm, beamtap, clear, []),
    untraced(Vm),
    healthy(Vm).

one_after_another(Config) ->
    Vm = vm([]),
    {ok, _} = start(Vm, ?FUNCTION_NAME, Config),
    _ = [
        ok = call(Vm, beamtap_victim, kill_processes, [[Victim]])
     || Victim <- [beamtap_session_sup, beamtap_janitor, beamtap_session_sup]
    ],
    records(Vm, ?FUNCTION_NAME, Config),
    {ok, _} = call(Vm, beamtap, clear, []),
    untraced(Vm),
    healthy(Vm).

%%% Within

%% One tap, its killing, and what a user does then: clear/0 first, or a start.
killed(Vm, Victims, Case, Config) ->
    %% A tap that goes on without them is in the way of the next.
    GoesOn = Victims -- [beamtap_definitions, beamtap_face_sup, beamtap_telemetry, beamtap_toggle] =:= [],
    ClearsFirst = GoesOn orelse rand:uniform(2) =:= 1,
    ct:pal("~p, then ~s", [Victims, case ClearsFirst of true -> "clear"; false -> "start" end]),
    {ok, _} = start(Vm, Case, Config),
    ok = call(Vm, beamtap_victim, kill_processes, [Victims]),
    case ClearsFirst of
        true ->
            {ok, _} = call(Vm, beamtap, clear, []),
            #{flags := [], patterns := [], trace_sessions := []} = call(Vm, beamtap_world, snapshot, []);
        false ->
            ok
    end,
    records(Vm, Case, Config),
    {ok, _} = call(Vm, beamtap, clear, []),
    untraced(Vm).

records(Vm, Case, Config) ->
    {ok, #{tap := Tap, path := Path}} = start(Vm, Case, Config),
    ok = call(Vm, call_often, [?CALLS]),
    {ok, #{problems := [], gaps := []}} = call(Vm, stop, [Tap]),
    ?CALLS = beamtap_world:calls(Path, beamtap_victim, work).

start(Vm, Case, Config) ->
    Path = filename:absname(scratch(Case, Config)),
    case call(Vm, start, [Path]) of
        {ok, Tap} -> {ok, #{tap => Tap, path => Path}};
        {error, _} = Error -> Error
    end.

untraced(Vm) ->
    Nothing = #{flags => [], patterns => [], trace_sessions => [], sessions => []},
    beamtap_world:until(fun() ->
        Now = maps:with(maps:keys(Nothing), call(Vm, beamtap_world, snapshot, [])),
        Now =:= Nothing orelse Now
    end).
