%% A tap whose daemons die while it records: it says so, is made anew, and tells what it missed. Each case has a VM and
%% daemons of its own.
-module(beamtap_degraded_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([consumerd_killed/1, sessiond_killed/1, both_killed/1, relayd_killed/1, foreign_relayd_killed/1]).
-export([guard_killed/1, foreign_consumerd_killed/1, foreign_sessiond_killed/1, disk_filled/1]).
-export([consumerd_stopped/1, session_destroyed/1, session_stopped/1, output_removed/1]).

-import(beamtap_victim, [vm/1, call/3, call/4, healthy/1]).

-define(CALLS, 1000).

suite() -> [{timetrap, {minutes, 5}}].

all() ->
    [
        consumerd_killed,
        sessiond_killed,
        both_killed,
        guard_killed,
        relayd_killed,
        foreign_relayd_killed,
        foreign_consumerd_killed,
        foreign_sessiond_killed,
        consumerd_stopped,
        session_destroyed,
        session_stopped,
        output_removed,
        disk_filled
    ].

init_per_suite(Config) -> beamtap_victim:suite(Config).

end_per_suite(_) ->
    ok.

consumerd_killed(Config) ->
    interrupted(?FUNCTION_NAME, ["lttng-consumerd"], "no user-space consumer daemon", local, Config).

sessiond_killed(Config) ->
    interrupted(?FUNCTION_NAME, ["lttng-sessiond"], "no LTTng session daemon", local, Config).

both_killed(Config) ->
    interrupted(?FUNCTION_NAME, ["lttng-sessiond", "lttng-consumerd"], "no LTTng session daemon", local, Config).

%% The session daemon that it saw to ends with it.
guard_killed(Config) ->
    interrupted(?FUNCTION_NAME, ["beamtapd"], "no LTTng session daemon", local, Config).

relayd_killed(Config) ->
    interrupted(?FUNCTION_NAME, ["lttng-relayd"], "relay daemon is gone", live, Config).

%% Killed, taken up in a second part, and all of that one is there.
interrupted(Case, Daemons, Said, Mode, Config) ->
    Vm = vm([]),
    Path = scratch(Case, Config),
    {ok, Tap} = call(Vm, start, [Path, #{mode => Mode}]),
    ok = call(Vm, call_often, [?CALLS]),
    true = length(Daemons) =:= call(Vm, kill, [Daemons]),
    taken_up(Vm, Tap, Said),
    ok = call(Vm, call_often, [2 * ?CALLS]),
    Receipt = ended(Vm, Tap, Said),
    #{recordings := [#{interrupted := _, discarded := unknown}, #{discarded := 0, lost := 0, verified := true}]} = Receipt,
    Calls = beamtap_world:calls(filename:join(Path, "part-2"), beamtap_victim, work),
    Calls = 2 * ?CALLS,
    accounted(Vm, Path, Receipt),
    healthy(Vm).

%% A relay daemon that is not ours is waited for.
foreign_relayd_killed(Config) ->
    Vm = vm([]),
    Path = scratch(?FUNCTION_NAME, Config),
    ok = beamtap_victim:relayd(Vm, Path),
    {ok, Tap} = call(Vm, start, [unused, #{mode => {net, beamtap_victim:relay_url()}}]),
    1 = call(Vm, kill, [["lttng-relayd"]]),
    degraded(Vm, Tap, "relay daemon is gone; not taken up yet: the LTTng session daemon cannot connect"),
    {error, #{reason := degraded}} = call(Vm, beamtap, snapshot, [Tap, "now"]),
    ok = beamtap_victim:relayd(Vm, Path),
    taken_up(Vm, Tap, "relay daemon is gone"),
    ok = call(Vm, call_often, [?CALLS]),
    _ = ended(Vm, Tap, "relay daemon is gone"),
    ?CALLS = beamtap_world:calls(Path, beamtap_victim, work),
    healthy(Vm).

%% Somebody else's session daemon is not restarted: the tap waits, and says for what.
foreign_consumerd_killed(Config) ->
    foreign(?FUNCTION_NAME, ["lttng-consumerd"], ["lttng-sessiond"], "no user-space consumer daemon", Config).

foreign_sessiond_killed(Config) ->
    foreign(?FUNCTION_NAME, ["lttng-sessiond", "lttng-consumerd"], [], "no LTTng session daemon", Config).

foreign(Case, First, Then, Said, Config) ->
    Vm = vm([]),
    ok = call(Vm, restart_sessiond, []),
    Path = scratch(Case, Config),
    {ok, Tap} = call(Vm, start, [Path]),
    ok = call(Vm, call_often, [?CALLS]),
    true = length(First) =:= call(Vm, kill, [First]),
    degraded(Vm, Tap, Said),
    {ok, #{remedy := Remedy}} = call(Vm, beamtap, info, [Tap]),
    {match, _} = re:run(Remedy, "start"),
    [1 = call(Vm, signal, [Daemon, "TERM"]) || Daemon <- Then],
    ok = call(Vm, restart_sessiond, []),
    taken_up(Vm, Tap, Said),
    ok = call(Vm, call_often, [2 * ?CALLS]),
    accounted(Vm, Path, ended(Vm, Tap, Said)),
    healthy(Vm).

%% It goes on by itself; what found no room meanwhile is counted, to the event.
consumerd_stopped(Config) ->
    Vm = vm([]),
    Path = scratch(?FUNCTION_NAME, Config),
    {ok, Tap} = call(Vm, start, [Path, #{subbuf_size => 4096, num_subbuf => 2}]),
    1 = call(Vm, signal, ["lttng-consumerd", "STOP"]),
    degraded(Vm, Tap, "is stopped"),
    ok = call(Vm, call_often, [20 * ?CALLS]),
    1 = call(Vm, signal, ["lttng-consumerd", "CONT"]),
    beamtap_world:until(fun() ->
        {ok, #{state := State}} = call(Vm, beamtap, info, [Tap]),
        State =:= recording orelse State
    end),
    {ok, #{gaps := [], problems := [], emitted := Emitted, recorded := Recorded, discarded := Discarded}} =
        call(Vm, stop, [Tap]),
    true = Discarded > 0,
    Recorded = Emitted - Discarded,
    Recorded = lists:sum(maps:values(beamtap_world:recorded(Path))),
    healthy(Vm).

%% LTTng writes the session that somebody destroys, so that its part is whole.
session_destroyed(Config) ->
    Vm = vm([]),
    Path = scratch(?FUNCTION_NAME, Config),
    {ok, Tap} = call(Vm, start, [Path]),
    ok = call(Vm, call_often, [?CALLS]),
    _ = call(Vm, os, cmd, ["lttng destroy --all"]),
    taken_up(Vm, Tap, "there is no LTTng session named"),
    ok = call(Vm, call_often, [2 * ?CALLS]),
    accounted(Vm, Path, ended(Vm, Tap, "there is no LTTng session named")),
    Calls = beamtap_world:calls(Path, beamtap_victim, work),
    Calls = 3 * ?CALLS,
    healthy(Vm).

session_stopped(Config) ->
    Vm = vm([]),
    Path = scratch(?FUNCTION_NAME, Config),
    {ok, Tap} = call(Vm, start, [Path]),
    ok = call(Vm, call_often, [?CALLS]),
    #{sessions := [Session]} = call(Vm, beamtap_world, snapshot, []),
    _ = call(Vm, os, cmd, ["lttng stop " ++ binary_to_list(Session)]),
    taken_up(Vm, Tap, "somebody stopped the LTTng session"),
    ok = call(Vm, call_often, [2 * ?CALLS]),
    accounted(Vm, Path, ended(Vm, Tap, "somebody stopped the LTTng session")),
    Calls = beamtap_world:calls(Path, beamtap_victim, work),
    Calls = 3 * ?CALLS,
    healthy(Vm).

%% What is written goes to files that have no name any more, and LTTng says nothing.
output_removed(Config) ->
    Vm = vm([]),
    Path = scratch(?FUNCTION_NAME, Config),
    {ok, Tap} = call(Vm, start, [Path]),
    ok = file:del_dir_r(Path),
    taken_up(Vm, Tap, "is gone"),
    ok = call(Vm, call_often, [?CALLS]),
    accounted(Vm, Path, ended(Vm, Tap, "is gone")),
    ?CALLS = beamtap_world:calls(Path, beamtap_victim, work),
    healthy(Vm).

%% The output's disk fills up while the tap runs, and has room again later. LTTng says nothing of either.
disk_filled(Config) ->
    Vm = vm([]),
    Disk = scratch(?FUNCTION_NAME, Config),
    ok = filelib:ensure_path(Disk),
    "" = call(Vm, os, cmd, ["mount -t tmpfs -o size=32m none '" ++ Disk ++ "' 2>&1"]),
    [Path, Filler] = [filename:join(Disk, Name) || Name <- ["trace", "filler"]],
    {ok, Tap} = call(Vm, start, [Path]),
    ok = call(Vm, call_often, [?CALLS]),
    _ = call(Vm, os, cmd, ["dd if=/dev/zero of='" ++ Filler ++ "' bs=64k 2>&1"]),
    degraded(Vm, Tap, "is full"),
    {ok, #{remedy := Remedy}} = call(Vm, beamtap, info, [Tap]),
    {match, _} = re:run(Remedy, "free space"),
    ok = call(Vm, call_often, [2 * ?CALLS]),
    ok = call(Vm, file, delete, [Filler]),
    taken_up(Vm, Tap, "is full"),
    ok = call(Vm, call_often, [3 * ?CALLS]),
    Receipt = ended(Vm, Tap, "is full"),
    Calls = call(Vm, beamtap_world, calls, [filename:join(Path, "part-2"), beamtap_victim, work]),
    Calls = 3 * ?CALLS,
    accounted(Vm, Path, Receipt),
    healthy(Vm).

%%% Within

degraded(Vm, Tap, Said) ->
    beamtap_world:until(fun() ->
        case call(Vm, beamtap, info, [Tap]) of
            {ok, #{state := degraded, reason := Reason}} -> said(Reason, Said) orelse Reason;
            Other -> Other
        end
    end).

%% It says `degraded' until it records again, and what it missed from then on.
taken_up(Vm, Tap, Said) ->
    beamtap_world:until(fun() ->
        case call(Vm, beamtap, info, [Tap]) of
            {ok, #{state := recording, gaps := [#{reason := Reason, resumed := true}]}} -> said(Reason, Said) orelse Reason;
            Other -> Other
        end
    end).

ended(Vm, Tap, Said) ->
    {ok, Receipt} = call(Vm, beamtap_victim, stop, [Tap]),
    ct:pal("~tp", [Receipt]),
    #{gaps := [#{began_us := Began, ended_us := Ended}], problems := [Problem], recorded := unknown} = Receipt,
    true = Began < Ended,
    {true, _} = {said(Problem, "recorded nothing for "), Problem},
    {true, _} = {said(Problem, Said), Problem},
    Receipt.

said(Text, Part) -> string:find(Text, Part) =/= nomatch.

%% Both parts can be read as one, and nothing is missing that has no name.
accounted(Vm, Path, #{gaps := [#{emitted := Emitted}]}) ->
    {ok, Beamtapd} = call(Vm, beamtap_sidecar, find, []),
    %% The VM's mounts are its own.
    Said = call(Vm, os, cmd, ["'" ++ Beamtapd ++ "' info --json '" ++ Path ++ "'"]),
    ct:pal("~ts", [Said]),
    [#{emitted := Emitted}] = [
        #{emitted => N} || {gap, #{emitted := N}} <- call(Vm, beamtap_world, events, [Path, [gap]])
    ],
    0 = number(Said, "residual").

number(Json, Key) ->
    {match, [Number]} = re:run(Json, "\"" ++ Key ++ "\":\\s*(-?\\d+)", [{capture, all_but_first, list}]),
    list_to_integer(Number).

scratch(Case, Config) -> filename:absname(beamtap_world:scratch(Case, Config)).
