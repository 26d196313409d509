%% What a person is told, and what can be read afterwards, when a part of LTTng fails. Each case has a VM, daemons and a
%% /dev/shm of its own; how long the application was held up is printed.
-module(beamtap_fault_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([consumerd_killed/1, sessiond_killed/1, both_killed/1, sessiond_stopped/1]).
-export([sessiond_stopped_at_start/1, sessiond_stopped_at_load/1]).
-export([small_shm/1, full_output/1, read_only_output/1, removed_output/1, two_vms/1, vm_killed/1]).
-export([flight_recorder_of_killed_vm/1, everything_killed/1, many_taps/1]).
%% In the other VM
-export([work/1, start/2, start/3, stop/1, taps/2, held/0, call_often/1, longest_gap/1, signal/2, os_pid/0]).

-define(CALLS, 1000).

suite() -> [{timetrap, {minutes, 12}}].

all() ->
    [
        consumerd_killed,
        sessiond_killed,
        both_killed,
        sessiond_stopped,
        sessiond_stopped_at_start,
        sessiond_stopped_at_load,
        small_shm,
        full_output,
        read_only_output,
        removed_output,
        two_vms,
        vm_killed,
        flight_recorder_of_killed_vm,
        everything_killed,
        many_taps
    ].

%% Daemons are found by name: in a pid namespace there are no others.
init_per_suite(Config) ->
    case {os:cmd("id -u"), filelib:is_regular(sandbox())} of
        {"0\n", true} -> Config;
        {"0\n", false} -> {skip, "scripts/lttng-sandbox is not here"};
        _ -> {skip, "needs root, for a pid namespace and a /dev/shm of its own"}
    end.

end_per_suite(_) ->
    ok.

consumerd_killed(Config) -> killed(?FUNCTION_NAME, ["lttng-consumerd"], Config).
sessiond_killed(Config) -> killed(?FUNCTION_NAME, ["lttng-sessiond"], Config).
both_killed(Config) -> killed(?FUNCTION_NAME, ["lttng-consumerd", "lttng-sessiond"], Config).

%% The application goes on, the tap ends in time, and its receipt does not pretend that all went well.
killed(Case, Daemons, Config) ->
    Vm = vm([]),
    {ok, Tap} = call(Vm, ?MODULE, start, [{?MODULE, work, 1}, scratch(Case, Config)]),
    Before = gap(Vm),
    Killed = [call(Vm, ?MODULE, signal, [Daemon, "KILL"]) || Daemon <- Daemons],
    true = lists:all(fun(Count) -> Count > 0 end, Killed),
    ct:pal("~s: longest gap between calls ~b us before, ~b us after", [Case, Before, gap(Vm)]),
    Stopped = call(Vm, ?MODULE, stop, [Tap]),
    ct:pal("~s: ~tp", [Case, Stopped]),
    {ok, Receipt} = Stopped,
    true = is_told(Receipt),
    healthy(Vm).

%% A daemon that stands still answers nobody; the tap ends all the same.
sessiond_stopped(Config) ->
    Vm = vm([]),
    {ok, Tap} = call(Vm, ?MODULE, start, [{?MODULE, work, 1}, scratch(?FUNCTION_NAME, Config)]),
    Before = gap(Vm),
    _ = call(Vm, ?MODULE, signal, ["lttng-sessiond", "STOP"]),
    ct:pal("~s: longest gap between calls ~b us before, ~b us after", [?FUNCTION_NAME, Before, gap(Vm)]),
    {ok, Receipt} = call(Vm, ?MODULE, stop, [Tap]),
    ct:pal("~s: ~tp", [?FUNCTION_NAME, Receipt]),
    true = is_told(Receipt),
    _ = call(Vm, ?MODULE, signal, ["lttng-sessiond", "CONT"]),
    healthy(Vm).

sessiond_stopped_at_start(Config) ->
    Vm = vm([]),
    stopped_sessiond(Vm),
    {error, #{reason := timeout, remedy := Remedy}} =
        call(Vm, ?MODULE, start, [{?MODULE, work, 1}, scratch(?FUNCTION_NAME, Config)]),
    {match, _} = re:run(Remedy, "lttng-sessiond"),
    _ = call(Vm, ?MODULE, signal, ["lttng-sessiond", "CONT"]),
    healthy(Vm).

%% liblttng-ust would wait three seconds for its daemon.
sessiond_stopped_at_load(_) ->
    Vm = vm([]),
    stopped_sessiond(Vm),
    Before = gap(Vm),
    ok = call(Vm, beamtap, load_provider, []),
    ct:pal("~s: longest gap between calls ~b us before, ~b us after", [?FUNCTION_NAME, Before, gap(Vm)]),
    _ = call(Vm, ?MODULE, signal, ["lttng-sessiond", "CONT"]),
    healthy(Vm).

small_shm(Config) ->
    Vm = vm([{"LTTNG_SANDBOX_SHM_SIZE", "1m"}]),
    Path = scratch(?FUNCTION_NAME, Config),
    {error, #{reason := shm_too_small, remedy := Remedy}} = call(Vm, ?MODULE, start, [{?MODULE, work, 1}, Path]),
    {match, _} = re:run(Remedy, "/dev/shm"),
    false = filelib:is_dir(Path),
    healthy(Vm).

%% Only the canary that does not come back tells: LTTng says that all is well.
full_output(Config) ->
    Vm = vm([]),
    Place = scratch(?FUNCTION_NAME, Config),
    ok = filelib:ensure_path(Place),
    "" = call(Vm, os, cmd, ["mount -t tmpfs -o size=8k none '" ++ Place ++ "' 2>&1"]),
    {error, #{reason := Reason, message := Message, remedy := Remedy}} =
        call(Vm, ?MODULE, start, [{?MODULE, work, 1}, filename:join(Place, "trace")]),
    ct:pal("~s: ~s: ~ts. ~ts", [?FUNCTION_NAME, Reason, Message, Remedy]),
    true = Remedy =/= <<>>,
    healthy(Vm).

read_only_output(Config) ->
    Vm = vm([]),
    Place = scratch(?FUNCTION_NAME, Config),
    ok = filelib:ensure_path(Place),
    "" = call(Vm, os, cmd, ["mount -t tmpfs -o ro none '" ++ Place ++ "' 2>&1"]),
    {error, #{reason := bad_output, remedy := Remedy}} =
        call(Vm, ?MODULE, start, [{?MODULE, work, 1}, filename:join(Place, "trace")]),
    true = Remedy =/= <<>>,
    healthy(Vm).

%% What is written goes to files that have no name any more. The VM does not notice, and nothing hangs.
removed_output(Config) ->
    Vm = vm([]),
    Path = scratch(?FUNCTION_NAME, Config),
    {ok, Tap} = call(Vm, ?MODULE, start, [{?MODULE, work, 1}, Path]),
    ok = call(Vm, file, del_dir_r, [Path]),
    _ = gap(Vm),
    Stopped = call(Vm, ?MODULE, stop, [Tap]),
    ct:pal("~s: ~tp", [?FUNCTION_NAME, Stopped]),
    {ok, #{problems := [_ | _]}} = Stopped,
    healthy(Vm).

%% One daemon for both; each trace has its own VM's calls only.
two_vms(Config) ->
    Vm = vm([]),
    {ok, Other, _} = call(Vm, peer, start, [#{connection => standard_io, args => paths()}]),
    Within = fun(M, F, A) -> call(Vm, peer, call, [Other, M, F, A, 60000]) end,
    [Path, OtherPath] = [scratch(Name, Config) || Name <- [first, second]],
    {ok, Tap} = call(Vm, ?MODULE, start, [{?MODULE, work, 1}, Path]),
    {ok, OtherTap} = Within(?MODULE, start, [{?MODULE, work, 1}, OtherPath]),
    ok = call(Vm, ?MODULE, call_often, [?CALLS]),
    ok = Within(?MODULE, call_often, [2 * ?CALLS]),
    %% The daemon is the first VM's, and the second records on.
    {ok, #{problems := []}} = call(Vm, ?MODULE, stop, [Tap]),
    ok = Within(?MODULE, call_often, [?CALLS]),
    {ok, #{problems := []}} = Within(?MODULE, stop, [OtherTap]),
    ?CALLS = beamtap_world:calls(Path, ?MODULE, work),
    Calls = beamtap_world:calls(OtherPath, ?MODULE, work),
    Calls = 3 * ?CALLS,
    ok = call(Vm, peer, stop, [Other]),
    healthy(Vm).

%% The daemon that was started for the VM ends with it, and writes what its buffers hold.
vm_killed(Config) ->
    Vm = vm([]),
    {ok, Other, _} = call(Vm, peer, start, [#{connection => standard_io, args => paths(), peer_down => continue}]),
    Path = scratch(?FUNCTION_NAME, Config),
    Within = fun(M, F, A) -> call(Vm, peer, call, [Other, M, F, A, 60000]) end,
    {ok, _} = Within(?MODULE, start, [{?MODULE, work, 1}, Path]),
    ok = Within(?MODULE, call_often, [?CALLS]),
    OsPid = Within(?MODULE, os_pid, []),
    _ = call(Vm, os, cmd, ["kill -KILL " ++ OsPid]),
    beamtap_world:until(fun() ->
        #{daemons := Daemons} = call(Vm, beamtap_world, snapshot, []),
        Daemons =:= [] orelse Daemons
    end),
    ?CALLS = beamtap_world:calls(Path, ?MODULE, work),
    healthy(Vm).

%% A session daemon that was there before keeps what the recorder holds.
flight_recorder_of_killed_vm(Config) ->
    Vm = vm([]),
    Path = scratch(?FUNCTION_NAME, Config),
    {Other, OsPid} = other_with_daemon(Vm),
    {ok, _} = call(Vm, peer, call, [Other, ?MODULE, start, [{?MODULE, work, 1}, Path, #{mode => snapshot}], 60000]),
    ok = call(Vm, peer, call, [Other, ?MODULE, call_often, [?CALLS], 60000]),
    _ = call(Vm, os, cmd, ["kill -KILL " ++ OsPid]),
    #{sessions := [Session]} = call(Vm, beamtap_world, snapshot, []),
    _ = call(Vm, os, cmd, ["lttng snapshot record -s " ++ binary_to_list(Session)]),
    ?CALLS = beamtap_world:calls(Path, ?MODULE, work),
    _ = call(Vm, os, cmd, ["lttng destroy " ++ binary_to_list(Session)]),
    healthy(Vm).

%% VM and daemons at once, as when the machine resets: what the buffers held is recovered from their files.
everything_killed(Config) ->
    Vm = vm([]),
    [Path, Shm] = [scratch(Name, Config) || Name <- [trace, shm]],
    {Other, OsPid} = other_with_daemon(Vm),
    {ok, _} = call(Vm, peer, call, [Other, ?MODULE, start, [{?MODULE, work, 1}, Path, #{shm_path => Shm}], 60000]),
    ok = call(Vm, peer, call, [Other, ?MODULE, call_often, [?CALLS], 60000]),
    _ = [call(Vm, ?MODULE, signal, [Daemon, "KILL"]) || Daemon <- ["lttng-consumerd", "lttng-sessiond"]],
    _ = call(Vm, os, cmd, ["kill -KILL " ++ OsPid]),
    {ok, Beamtapd} = call(Vm, beamtap_sidecar, find, []),
    Recover = ["'", Beamtapd, "' recover '", Shm, "' --output '", Path, "' --remove 2>&1; echo $?"],
    Said = call(Vm, os, cmd, [unicode:characters_to_list(Recover)]),
    ct:pal("~s: ~ts", [?FUNCTION_NAME, Said]),
    {match, _} = re:run(Said, "\n0\n$"),
    ?CALLS = beamtap_world:calls(Path, ?MODULE, work),
    {ok, []} = file:list_dir(Shm),
    healthy(Vm).

%% BEAMTAP_CYCLES taps, one after another, leave no file open, no thread, no buffer and no session.
many_taps(Config) ->
    Vm = vm([]),
    "" = call(Vm, os, cmd, ["lttng-sessiond --daemonize --no-kernel 2>&1"]),
    Cycles = list_to_integer(os:getenv("BEAMTAP_CYCLES", "12")),
    %% The first make what stays for the VM's life.
    ok = call(Vm, ?MODULE, taps, [3, scratch(warm, Config)]),
    Before = call(Vm, ?MODULE, held, []),
    ok = call(Vm, ?MODULE, taps, [Cycles, scratch(?FUNCTION_NAME, Config)]),
    %% LTTng's own threads close what a session had a moment after it ended.
    beamtap_world:until(fun() ->
        Now = call(Vm, ?MODULE, held, []),
        lists:all(fun({Key, Count}) -> Count =< map_get(Key, Before) end, maps:to_list(Now)) orelse {Before, Now}
    end),
    ct:pal("~s: ~b taps, held ~p", [?FUNCTION_NAME, Cycles, Before]),
    healthy(Vm).

%%% In the other VM

taps(Cycles, Path) ->
    lists:foreach(
        fun(N) ->
            {ok, Tap} = start({?MODULE, work, 1}, Path ++ integer_to_list(N)),
            ok = call_often(10),
            {ok, #{problems := []}} = stop(Tap)
        end,
        lists:seq(1, Cycles)
    ).

held() ->
    Count = fun(Directory) -> {ok, Names} = file:list_dir_all(Directory), length(Names) end,
    #{sessions := Sessions} = beamtap_world:snapshot(),
    #{
        files => Count("/proc/self/fd"),
        threads => Count("/proc/self/task"),
        shm => Count("/dev/shm"),
        sessions => length(Sessions)
    }.

work(N) -> N.

%% The process that carries out a call ends with it, and a tap with its owner.
start(Spec, Path) -> start(Spec, Path, #{}).

start(Spec, Path, Opts) ->
    beamtap:start(Spec, Opts#{output => Path, owner => whereis(init), for => 120000, events => 100000000}).

stop(Tap) -> beamtap:stop(Tap).

call_often(Times) -> lists:foreach(fun ?MODULE:work/1, lists:seq(1, Times)).

%% The longest time between two of many traced calls, in microseconds.
longest_gap(ForMs) ->
    Now = erlang:monotonic_time(microsecond),
    longest_gap(Now, Now + ForMs * 1000, 0).

longest_gap(Last, End, Longest) when Last < End ->
    _ = ?MODULE:work(Last),
    Now = erlang:monotonic_time(microsecond),
    longest_gap(Now, End, max(Longest, Now - Last));
longest_gap(_, _, Longest) ->
    Longest.

%% Answers how many processes of this name got the signal.
signal(Name, Signal) ->
    Pids = [
        Pid
     || Comm <- filelib:wildcard("/proc/[0-9]*/comm"),
        {ok, Text} <- [file:read_file(Comm)],
        string:trim(Text) =:= list_to_binary(lists:sublist(Name, 15)),
        Pid <- [lists:nth(3, filename:split(Comm))]
    ],
    _ = [os:cmd("kill -" ++ Signal ++ " " ++ Pid) || Pid <- Pids],
    length(Pids).

os_pid() -> os:getpid().

%%% Within

sandbox() -> filename:join([beamtap_world:root(), "scripts", "lttng-sandbox"]).

vm(Environment) ->
    {ok, Vm, _} = peer:start(#{
        connection => standard_io,
        exec => {sandbox(), [os:find_executable("erl")]},
        args => paths(),
        env => Environment,
        wait_boot => 60000
    }),
    Vm.

paths() ->
    lists:append([["-pa", filename:absname(P)] || P <- code:get_path(), filelib:is_dir(P), not is_otp(P)]).

is_otp(Path) -> string:prefix(Path, code:lib_dir()) =/= nomatch.

call(Vm, Module, Function, Arguments) ->
    peer:call(Vm, Module, Function, Arguments, 600000).

gap(Vm) -> call(Vm, ?MODULE, longest_gap, [300]).

%% A VM that may be killed, in the same world, and its process.
other_with_daemon(Vm) ->
    "" = call(Vm, os, cmd, ["lttng-sessiond --daemonize --no-kernel 2>&1"]),
    {ok, Other, _} = call(Vm, peer, start, [#{connection => standard_io, args => paths(), peer_down => continue}]),
    {Other, call(Vm, peer, call, [Other, ?MODULE, os_pid, [], 60000])}.

stopped_sessiond(Vm) ->
    "" = call(Vm, os, cmd, ["lttng-sessiond --daemonize --no-kernel 2>&1"]),
    true = call(Vm, ?MODULE, signal, ["lttng-sessiond", "STOP"]) > 0.

%% Something in the receipt says that not all is there.
is_told(#{problems := Problems} = Receipt) ->
    Problems =/= [] orelse lists:any(fun(Key) -> maps:get(Key, Receipt, []) =/= [] end, [gap, gaps, degraded]).

scratch(Case, Config) -> filename:absname(beamtap_world:scratch(Case, Config)).

%% Nothing stays set, the VM works, and it ends when told.
healthy(Vm) ->
    ok = call(Vm, ?MODULE, call_often, [10]),
    #{flags := [], patterns := []} = call(Vm, beamtap_world, snapshot, []),
    ok = peer:stop(Vm).
