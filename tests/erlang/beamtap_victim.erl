%% A VM in a world of its own, with its own daemons and its own /dev/shm, for a part of LTTng to fail in; and what runs
%% within it.
-module(beamtap_victim).

-export([suite/1, vm/1, call/3, call/4, other/1, other_with_daemon/1, stopped_sessiond/1, relayd/2, relay_url/0]).
-export([nobody/3, gap/1, healthy/1, bounded/1]).
%% Within the VM
-export([work/1, spec/0, start/1, start/2, stop/1, call_often/1, longest_gap/1, signal/2, kill/1, ended/1, kill_processes/1, kill_until_gone/2, os_pid/0, restart_sessiond/0]).

%% No call that a user makes takes longer than ten seconds, whatever LTTng's daemons do; as much again for what others do
%% on this machine.
-define(BOUND_MS, 20000).
-define(GAP_FOR_MS, 300).

%% @doc For init_per_suite: whether there can be such VMs here. Daemons are found by name: in a pid namespace there are no
%% others.
suite(Config) ->
    case {os:cmd("id -u"), filelib:is_regular(sandbox())} of
        {"0\n", true} -> Config;
        {"0\n", false} -> beamtap_skip:missing(sandbox());
        _ -> beamtap_skip:cannot_run("a pid namespace and a /dev/shm of its own need root")
    end.

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

%% @doc Calls a function of this module within the VM.
call(Vm, Function, Arguments) -> call(Vm, ?MODULE, Function, Arguments).

call(Vm, Module, Function, Arguments) ->
    peer:call(Vm, Module, Function, Arguments, 600000).

%% @doc A second VM in the same world, which may be killed, as a function that calls within it; and its process.
other(Vm) ->
    {ok, Other, _} = call(Vm, peer, start, [#{connection => standard_io, args => paths(), peer_down => continue}]),
    Within = fun(Module, Function, Arguments) ->
        call(Vm, peer, call, [Other, Module, Function, Arguments, 120000])
    end,
    {Other, Within, Within(?MODULE, os_pid, [])}.

%% @doc The same, with a session daemon that was there before.
other_with_daemon(Vm) ->
    "" = call(Vm, os, cmd, ["lttng-sessiond --daemonize --no-kernel 2>&1"]),
    other(Vm).

%% @doc A second VM in the same world, of a user who has no rights but those of these groups; or why there can be none.
nobody(Vm, Home, Groups) ->
    Become = ["--reuid=65534", "--regid=65534", Groups],
    case os:cmd("setpriv " ++ lists:flatten(lists:join(" ", Become)) ++ " test -r '" ++ code:which(beamtap) ++ "' || echo no") of
        "" ->
            {ok, Other, _} = call(Vm, peer, start, [
                #{
                    connection => standard_io,
                    exec => {os:find_executable("setpriv"), Become ++ [os:find_executable("erl")]},
                    args => paths(),
                    env => [{"HOME", Home}, {"LTTNG_HOME", Home}],
                    peer_down => continue
                }
            ]),
            {Other, fun(Module, Function, Arguments) ->
                call(Vm, peer, call, [Other, Module, Function, Arguments, 120000])
            end};
        _ ->
            beamtap_skip:cannot_run("another user needs setpriv, and code that it can read")
    end.

stopped_sessiond(Vm) ->
    "" = call(Vm, os, cmd, ["lttng-sessiond --daemonize --no-kernel 2>&1"]),
    1 = call(Vm, signal, ["lttng-sessiond", "STOP"]).

%% @doc Starts a relay daemon in the VM's world, which writes below the directory; its network is the suite's.
relayd(Vm, Path) ->
    Command = [
        "lttng-relayd --daemonize -C tcp://127.0.0.1:5342 -D tcp://127.0.0.1:5343 -L tcp://127.0.0.1:5344 -o '", Path, "' 2>&1"
    ],
    "" = call(Vm, os, cmd, [unicode:characters_to_list(Command)]),
    ok.

relay_url() -> "net://127.0.0.1:5342:5343".

%% @doc The longest time between two of many traced calls, in microseconds.
gap(Vm) -> call(Vm, longest_gap, [?GAP_FOR_MS]).

%% @doc Nothing stays set, the VM works, and it ends when told.
healthy(Vm) ->
    ok = call(Vm, call_often, [10]),
    #{flags := [], patterns := []} = call(Vm, beamtap_world, snapshot, []),
    ok = peer:stop(Vm).

%% @doc Does what a user does, who gets an answer in time.
bounded(Act) ->
    Began = erlang:monotonic_time(millisecond),
    Answer = Act(),
    Took = erlang:monotonic_time(millisecond) - Began,
    ct:pal("answered after ~b ms", [Took]),
    true = Took < ?BOUND_MS orelse {took, Took},
    Answer.

%%% Within the VM

work(N) -> N.

spec() -> {?MODULE, work, 1}.

%% The process that carries out a call ends with it, and a tap with its owner.
start(Path) -> start(Path, #{}).

start(Path, Opts) ->
    beamtap:start(spec(), Opts#{output => Path, owner => whereis(init), for => 300000, events => 100000000}).

stop(Tap) -> beamtap:stop(Tap).

call_often(Times) -> lists:foreach(fun ?MODULE:work/1, lists:seq(1, Times)).

longest_gap(ForMs) ->
    Now = erlang:monotonic_time(microsecond),
    longest_gap(Now, Now + ForMs * 1000, 0).

longest_gap(Last, End, Longest) when Last < End ->
    _ = ?MODULE:work(Last),
    Now = erlang:monotonic_time(microsecond),
    longest_gap(Now, End, max(Longest, Now - Last));
longest_gap(_, _, Longest) ->
    Longest.

%% @doc Answers how many processes of this name got the signal. Those that were stopped stand still by then: one whose threads
%% have yet to hear of it may still answer.
signal(Name, Signal) ->
    Pids = os_pids(Name),
    _ = [os:cmd("kill -" ++ Signal ++ " " ++ Pid) || Pid <- Pids],
    _ = Signal =:= "STOP" andalso beamtap_world:until(fun() -> [] =:= [Pid || Pid <- Pids, not is_stopped(Pid)] end),
    length(Pids).

is_stopped(Pid) ->
    Threads = filelib:wildcard("/proc/" ++ Pid ++ "/task/*/stat"),
    [] =:= [Stat || Stat <- Threads, {ok, Text} <- [file:read_file(Stat)], binary:match(Text, <<") T ">>) =:= nomatch].

%% @doc Kills the processes of these names at once, since one may end by itself after another, and answers how many there
%% were when all of them have ended.
kill(Names) ->
    Pids = lists:append([os_pids(Name) || Name <- Names]),
    _ = os:cmd(lists:flatten(["kill -KILL ", lists:join(" ", Pids)])),
    lists:foreach(fun ended/1, Pids),
    length(Pids).

%% @doc Kills these processes of beamtap's at once; `session' is that of the tap that runs. One that is missing just now is
%% waited for.
kill_processes(Names) ->
    Pids = [begin beamtap_world:until(fun() -> is_pid(process(Name)) orelse {no, Name} end), process(Name) end || Name <- Names],
    lists:foreach(fun(Pid) -> exit(Pid, kill) end, Pids),
    lists:foreach(fun(Pid) -> beamtap_world:until(fun() -> not is_process_alive(Pid) end) end, Pids).

%% @doc Kills one process again and again until another is gone.
kill_until_gone(Name, Other) ->
    Pid = process(Other),
    beamtap_world:until(fun() ->
        _ = [exit(Victim, kill) || Victim <- [process(Name)], is_pid(Victim)],
        not is_process_alive(Pid)
    end).

process(session) -> hd(beamtap_ledger:sessions() ++ [none]);
process(Name) -> whereis(Name).

%% @doc Returns when the process runs no more.
ended(Pid) ->
    beamtap_world:until(fun() -> is_zombie(Pid) orelse {alive, Pid} end).

os_pids(Name) ->
    [
        Pid
     || Comm <- filelib:wildcard("/proc/[0-9]*/comm"),
        {ok, Text} <- [file:read_file(Comm)],
        string:trim(Text) =:= list_to_binary(lists:sublist(Name, 15)),
        Pid <- [lists:nth(3, filename:split(Comm))],
        not is_zombie(Pid)
    ].

is_zombie(Pid) ->
    case file:read_file("/proc/" ++ Pid ++ "/stat") of
        {ok, Stat} -> binary:match(Stat, <<") Z ">>) =/= nomatch;
        {error, _} -> true
    end.

os_pid() -> os:getpid().

%% One that was told to end holds its lock until it has.
restart_sessiond() ->
    beamtap_world:until(fun() -> signal("lttng-sessiond", "0") =:= 0 orelse still_running end),
    "" = os:cmd("lttng-sessiond --daemonize --no-kernel 2>&1"),
    ok.
