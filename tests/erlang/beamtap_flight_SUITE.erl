%% What a flight recorder holds when its VM ends without having stopped it. Each case has a VM, daemons and a /dev/shm of
%% its own.
-module(beamtap_flight_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([vm_killed/1, vm_aborted/1, full_disk/1, guard_and_vm_killed/1, foreign_daemon/1]).

-import(beamtap_victim, [vm/1, call/3, call/4, healthy/1]).

-define(CALLS, 1000).

suite() -> [{timetrap, {minutes, 5}}].

all() -> [vm_killed, vm_aborted, full_disk, guard_and_vm_killed, foreign_daemon].

init_per_suite(Config) -> beamtap_victim:suite(Config).

end_per_suite(_) ->
    ok.

%% The daemon that was started for the VM outlives it until the recorder is written.
vm_killed(Config) ->
    Vm = vm([]),
    {_, Within, OsPid} = beamtap_victim:other(Vm),
    Path = scratch(?FUNCTION_NAME, Config),
    {ok, _} = Within(beamtap_victim, start, [Path, #{mode => [snapshot, local]}]),
    ok = Within(beamtap_victim, call_often, [?CALLS]),
    _ = call(Vm, os, cmd, ["kill -KILL " ++ OsPid]),
    daemons(Vm, []),
    Trace = flight(Path ++ "/snapshot"),
    ?CALLS = beamtap_world:calls(Path ++ "/local", beamtap_victim, work),
    {ok, Beamtapd} = call(Vm, beamtap_sidecar, find, []),
    Listed = fun() -> call(Vm, os, cmd, ["'" ++ Beamtapd ++ "' recover"]) end,
    {match, _} = re:run(Listed(), "written to " ++ Trace),
    [Finding] = [Finding || {<<"flight recorders">>, ok, Finding, _} <- call(Vm, beamtap_doctor, rows, [])],
    {match, _} = re:run(Finding, Trace),
    %% The next tap of a VM of that name tells, once.
    {ok, Tap} = call(Vm, start, [scratch(next, Config)]),
    Told = list_to_binary(Trace),
    {ok, #{recovered := [#{state := recovered, trace := Told}]}} = call(Vm, beamtap, info, [Tap]),
    {ok, #{recovered := [#{trace := Told}]}} = call(Vm, stop, [Tap]),
    nomatch = re:run(Listed(), "written to"),
    {ok, Last} = call(Vm, start, [scratch(last, Config)]),
    {ok, Receipt} = call(Vm, stop, [Last]),
    false = maps:is_key(recovered, Receipt),
    healthy(Vm).

%% So is what ran before a VM wrote its crash dump.
vm_aborted(Config) ->
    Dump = scratch(dump, Config),
    Vm = vm([{"ERL_CRASH_DUMP", Dump}]),
    {_, Within, OsPid} = beamtap_victim:other(Vm),
    Path = scratch(?FUNCTION_NAME, Config),
    {ok, _} = Within(beamtap_victim, start, [Path, #{mode => snapshot}]),
    ok = Within(beamtap_victim, call_often, [?CALLS]),
    %% As when it runs out of memory: the VM writes its dump and aborts.
    _ = call(Vm, os, cmd, ["kill -USR1 " ++ OsPid]),
    daemons(Vm, []),
    true = call(Vm, filelib, is_file, [Dump]),
    _ = flight(Path),
    healthy(Vm).

%% What cannot be written is told, with the reason.
full_disk(Config) ->
    Vm = vm([]),
    Disk = scratch(?FUNCTION_NAME, Config),
    ok = filelib:ensure_path(Disk),
    "" = call(Vm, os, cmd, ["mount -t tmpfs -o size=8m none '" ++ Disk ++ "' 2>&1"]),
    {_, Within, OsPid} = beamtap_victim:other(Vm),
    {ok, _} = Within(beamtap_victim, start, [filename:join(Disk, "trace"), #{mode => snapshot}]),
    ok = Within(beamtap_victim, call_often, [?CALLS]),
    _ = call(Vm, os, cmd, ["dd if=/dev/zero of='" ++ Disk ++ "/filler' bs=4k 2>&1"]),
    _ = call(Vm, os, cmd, ["kill -KILL " ++ OsPid]),
    daemons(Vm, []),
    [Finding] = [Finding || {<<"flight recorders">>, warning, Finding, _} <- call(Vm, beamtap_doctor, rows, [])],
    ct:pal("~ts", [Finding]),
    {ok, Tap} = call(Vm, start, [scratch(next, Config)]),
    {ok, #{recovered := [#{state := failed, reason := Reason}]}} = call(Vm, stop, [Tap]),
    true = is_binary(string:find(Finding, Reason)),
    {match, _} = re:run(Reason, "disk .* is full"),
    healthy(Vm).

%% Nothing is left, though nobody is there any more to end it.
guard_and_vm_killed(Config) ->
    Vm = vm([]),
    {_, Within, OsPid} = beamtap_victim:other(Vm),
    Path = scratch(?FUNCTION_NAME, Config),
    {ok, _} = Within(beamtap_victim, start, [Path, #{mode => snapshot}]),
    1 = call(Vm, signal, ["beamtapd", "KILL"]),
    _ = call(Vm, os, cmd, ["kill -KILL " ++ OsPid]),
    daemons(Vm, []),
    [] = filelib:wildcard(Path ++ "/last-*"),
    healthy(Vm).

%% A session daemon that was there before keeps what the recorder holds.
foreign_daemon(Config) ->
    Vm = vm([]),
    Path = scratch(?FUNCTION_NAME, Config),
    {_, Within, OsPid} = beamtap_victim:other_with_daemon(Vm),
    {ok, _} = Within(beamtap_victim, start, [Path, #{mode => snapshot}]),
    ok = Within(beamtap_victim, call_often, [?CALLS]),
    _ = call(Vm, os, cmd, ["kill -KILL " ++ OsPid]),
    #{sessions := [Session]} = call(Vm, beamtap_world, snapshot, []),
    _ = call(Vm, os, cmd, ["lttng snapshot record -s " ++ binary_to_list(Session)]),
    ?CALLS = beamtap_world:calls(Path, beamtap_victim, work),
    _ = call(Vm, os, cmd, ["lttng destroy " ++ binary_to_list(Session)]),
    healthy(Vm).

%%% Within

scratch(Case, Config) -> filename:absname(beamtap_world:scratch(Case, Config)).

%% What a guard has written of a flight recorder: all that was recorded.
flight(Path) ->
    [Trace] = filelib:wildcard(Path ++ "/last-*"),
    ?CALLS = beamtap_world:calls(Trace, beamtap_victim, work),
    Trace.

daemons(Vm, Wanted) ->
    beamtap_world:until(fun() ->
        Daemons = call(Vm, beamtap_world, daemons, []),
        Daemons =:= Wanted orelse Daemons
    end).
