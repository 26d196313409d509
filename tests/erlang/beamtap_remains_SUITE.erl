%% Buffers in files that a crash left, and how their events come into the trace. Each case has a VM and daemons of its own.
-module(beamtap_remains_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([by_hand/1, at_next_start/1, flight_recorder/1, live/1, to_relayd/1, flight_to_relayd/1, live_to_relayd/1, damaged/1, of_known_session/1, of_own_daemons/1]).

-import(beamtap_victim, [vm/1, call/3, call/4, healthy/1]).

-define(CALLS, 1000).

suite() -> [{timetrap, {minutes, 5}}].

all() -> [by_hand, at_next_start, flight_recorder, live, to_relayd, flight_to_relayd, live_to_relayd, damaged, of_known_session, of_own_daemons].

init_per_suite(Config) -> beamtap_victim:suite(Config).

end_per_suite(_) ->
    ok.

%% VM and daemons at once, as when the machine resets: what the buffers held is recovered from their files.
by_hand(Config) ->
    Vm = vm([]),
    {Path, Shm} = crashed(Vm, Config),
    {ok, Beamtapd} = call(Vm, beamtap_sidecar, find, []),
    Recover = ["'", Beamtapd, "' recover '", Shm, "' --remove 2>&1; echo $?"],
    Said = call(Vm, os, cmd, [unicode:characters_to_list(Recover)]),
    ct:pal("~s: ~ts", [?FUNCTION_NAME, Said]),
    {match, _} = re:run(Said, "\n0\n$"),
    ?CALLS = beamtap_world:calls(Path, beamtap_victim, work),
    {ok, []} = file:list_dir(Shm),
    healthy(Vm).

%% By itself, and into the trace that it belongs to, when the next tap has the same directory for its buffers.
at_next_start(Config) ->
    Vm = vm([]),
    {Path, Shm} = crashed(Vm, Config),
    Next = scratch(next, Config),
    {ok, Tap} = call(Vm, start, [Next, #{shm_path => Shm}]),
    Trace = list_to_binary(Path),
    beamtap_world:until(fun() ->
        case call(Vm, beamtap, info, [Tap]) of
            {ok, #{recovered := [#{state := recovered, trace := Trace, events := Events}]}} -> Events > ?CALLS;
            Other -> Other
        end
    end),
    ok = call(Vm, call_often, [2 * ?CALLS]),
    {ok, #{problems := [], recovered := [#{trace := Trace}]}} = call(Vm, stop, [Tap]),
    ?CALLS = beamtap_world:calls(Path, beamtap_victim, work),
    Calls = beamtap_world:calls(Next, beamtap_victim, work),
    Calls = 2 * ?CALLS,
    empty(Shm),
    healthy(Vm).

%% So it is for the other modes: what a crash left of a flight recorder, or had not reached a relay daemon.
flight_recorder(Config) ->
    recovered(snapshot, Config).

live(Config) ->
    recovered({live, 60000}, Config).

%% What goes to a relay daemon that is not ours is recovered where beamtap writes traces.
to_relayd(Config) ->
    recovered({net, beamtap_victim:relay_url()}, Config).

flight_to_relayd(Config) ->
    recovered({snapshot, beamtap_victim:relay_url()}, Config).

live_to_relayd(Config) ->
    recovered({live, beamtap_victim:relay_url(), 60000}, Config).

until_recovered(Vm, Tap) ->
    beamtap_world:until(fun() ->
        case call(Vm, beamtap, info, [Tap]) of
            {ok, #{recovered := [#{state := recovered}]}} -> true;
            Info -> Info
        end
    end).

recovered(Mode, Config) ->
    Traces = scratch(traces, Config),
    Vm = vm([{"BEAMTAP_TRACES", Traces}]),
    ok = beamtap_victim:relayd(Vm, scratch(relayed, Config)),
    {Path, Shm} = crashed(Vm, #{mode => Mode}, Config),
    {ok, Tap} = call(Vm, start, [scratch(next, Config), #{shm_path => Shm}]),
    until_recovered(Vm, Tap),
    {ok, #{recovered := [#{session := Session, trace := Trace, events := Events}]}} = call(Vm, stop, [Tap]),
    true = Events > ?CALLS,
    Expected =
        case Mode of
            snapshot -> Path;
            {live, _} -> Path;
            _ -> unicode:characters_to_list([Traces, "/", Session, "-recovered"])
        end,
    Expected = binary_to_list(Trace),
    ?CALLS = beamtap_world:calls(Expected, beamtap_victim, work),
    empty(Shm),
    healthy(Vm).

%% What cannot be recovered is told, and stays.
damaged(Config) ->
    Vm = vm([]),
    [Trace, Shm, Next] = [scratch(Name, Config) || Name <- [trace, shm, next]],
    Buffers = filename:join(Shm, "beamtap-x/ust/uid/0/64-bit/beamtap-events_0"),
    ok = filelib:ensure_dir(Buffers),
    ok = file:write_file(Buffers, "damaged"),
    ok = file:make_symlink(Trace, filename:join(Shm, "beamtap-x.trace")),
    {ok, Tap} = call(Vm, start, [Next, #{shm_path => Shm}]),
    beamtap_world:until(fun() ->
        case call(Vm, beamtap, info, [Tap]) of
            {ok, #{recovered := [#{session := <<"beamtap-x">>, state := failed, reason := Reason}]}} -> Reason =/= <<>>;
            Other -> Other
        end
    end),
    {ok, #{problems := []}} = call(Vm, stop, [Tap]),
    {ok, <<"damaged">>} = file:read_file(Buffers),
    healthy(Vm).

%% A session daemon that was there before has a killed VM's buffers: it writes them when it is told to, and nobody else.
of_known_session(Config) ->
    Vm = vm([]),
    [Path, Shm] = [scratch(Name, Config) || Name <- [trace, shm]],
    {_, Within, OsPid} = beamtap_victim:other_with_daemon(Vm),
    {ok, _} = Within(beamtap_victim, start, [Path, #{shm_path => Shm}]),
    ok = Within(beamtap_victim, call_often, [?CALLS]),
    _ = call(Vm, os, cmd, ["kill -KILL " ++ OsPid]),
    #{sessions := [Session]} = call(Vm, beamtap_world, snapshot, []),
    {ok, Tap} = call(Vm, start, [scratch(next, Config), #{shm_path => Shm}]),
    {ok, Receipt} = call(Vm, stop, [Tap]),
    false = maps:is_key(recovered, Receipt),
    _ = call(Vm, os, cmd, ["lttng destroy " ++ binary_to_list(Session)]),
    ?CALLS = beamtap_world:calls(Path, beamtap_victim, work),
    %% Only the link of the session that ended is left; it goes with the next tap.
    {ok, Last} = call(Vm, start, [scratch(last, Config), #{shm_path => Shm}]),
    {ok, _} = call(Vm, stop, [Last]),
    empty(Shm),
    healthy(Vm).

%% What the killed daemons had not written is in the files: the next tap recovers it into the first part.
of_own_daemons(Config) ->
    Vm = vm([]),
    [Path, Shm, Next] = [scratch(Name, Config) || Name <- [trace, shm, next]],
    {ok, Tap} = call(Vm, start, [Path, #{shm_path => Shm}]),
    ok = call(Vm, call_often, [?CALLS]),
    2 = call(Vm, kill, [["lttng-sessiond", "lttng-consumerd"]]),
    beamtap_world:until(fun() ->
        case call(Vm, beamtap, info, [Tap]) of
            {ok, #{state := recording, gaps := [_]}} -> true;
            Info -> Info
        end
    end),
    ok = call(Vm, call_often, [2 * ?CALLS]),
    {ok, #{gaps := [_]}} = call(Vm, stop, [Tap]),
    {ok, Other} = call(Vm, start, [Next, #{shm_path => Shm}]),
    until_recovered(Vm, Other),
    {ok, _} = call(Vm, stop, [Other]),
    Calls = beamtap_world:calls(Path, beamtap_victim, work),
    Calls = 3 * ?CALLS,
    healthy(Vm).

%%% Within

%% A VM that recorded into buffers in files was killed, with the daemons: its trace, and the files' directory.
crashed(Vm, Config) ->
    crashed(Vm, #{}, Config).

crashed(Vm, Opts, Config) ->
    [Path, Shm] = [scratch(Name, Config) || Name <- [trace, shm]],
    {_, Within, OsPid} = beamtap_victim:other_with_daemon(Vm),
    {ok, _} = Within(beamtap_victim, start, [Path, Opts#{shm_path => Shm}]),
    ok = Within(beamtap_victim, call_often, [?CALLS]),
    2 = call(Vm, kill, [["lttng-consumerd", "lttng-sessiond"]]),
    _ = call(Vm, os, cmd, ["kill -KILL " ++ OsPid]),
    {Path, Shm}.

%% LTTng removes a session's buffers a moment after it ended.
empty(Directory) ->
    beamtap_world:until(fun() ->
        Listed = file:list_dir(Directory),
        Listed =:= {ok, []} orelse Listed
    end).

scratch(Case, Config) -> filename:absname(beamtap_world:scratch(Case, Config)).
