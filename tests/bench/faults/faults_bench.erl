%% How long LTTng's failures hold up traced code: a process looks at the clock all the time and calls a traced function
%% every 50 µs; the longest time between two looks is noted, in one VM first without the fault and then with it. Each
%% round has a VM, daemons and a /dev/shm of its own. The schedulers have real-time priority.
-module(faults_bench).

-export([main/0]).
%% Within the VM
-export([longest/2, prioritize/0]).

-import(beamtap_victim, [vm/1, call/3, call/4]).

%% The kernel takes the processor away from real-time threads that do not pause.
-define(WINDOW_MS, 250).
-define(PAUSE_MS, 250).
-define(WINDOWS, 8).
-define(CALL_EVERY_US, 50).
-define(SILENT, "net://127.0.0.1:5392").

%% @doc For scripts/bench: prints a table of BENCH_ROUNDS rounds each; with FAULT only of what has that in its name.
main() ->
    ok = io:setopts([{encoding, unicode}]),
    Rounds = list_to_integer(os:getenv("BENCH_ROUNDS", "5")),
    io:format("| what happens | longest gap without, us | with, us |~n| --- | --- | --- |~n"),
    Chosen = os:getenv("FAULT", ""),
    _ = [measure(Case, Rounds) || Case <- cases(), string:find(element(1, Case), Chosen) =/= nomatch],
    halt().

%% Name; options of the tap, `none' where there is none yet; what comes before; what happens, a command or something of
%% beamtap's. `PATH' is the directory above the trace's.
cases() ->
    Signal = fun(Signal, Names) -> lists:append(["pkill -" ++ Signal ++ " -x " ++ Name ++ "; " || Name <- Names]) end,
    [
        {"nothing", #{}, "", "true"},
        {"consumer daemon killed", #{}, "", Signal("KILL", ["lttng-consumerd"])},
        {"session daemon killed", #{}, "", Signal("KILL", ["lttng-sessiond"])},
        {"both killed", #{}, "", Signal("KILL", ["lttng-consumerd", "lttng-sessiond"])},
        {"guard killed", #{}, "", Signal("KILL", ["beamtapd"])},
        {"relay daemon killed", #{mode => live}, "", Signal("KILL", ["lttng-relayd"])},
        {"session daemon stands still", #{}, "", Signal("STOP", ["lttng-sessiond"])},
        {"consumer daemon stands still", #{}, "", Signal("STOP", ["lttng-consumerd"])},
        {"session destroyed by somebody", #{}, "", "lttng destroy --all"},
        {"output removed", #{}, "", "rm -rf PATH"},
        {"disk fills up", #{}, "mount -t tmpfs -o size=16m none PATH", "dd if=/dev/zero of=PATH/filler bs=64k"},
        {"a tap starts", none, "", start},
        {"a tap starts, no session daemon there", none, Signal("KILL", ["lttng-sessiond"]), start},
        {"a tap starts, session daemon stands still", none, Signal("STOP", ["lttng-sessiond"]), start},
        {"a tap is refused, disk full", none, "mount -t tmpfs -o size=8k none PATH", start},
        {"a tap is refused, output read-only", none, "mount -t tmpfs -o ro none PATH", start},
        {"a tap is refused, silence in the relay daemon's place", none, silent_relayd(), {start, #{mode => {net, ?SILENT}}}},
        {"provider loaded, session daemon stands still", none, Signal("STOP", ["lttng-sessiond"]), load},
        {"a tap stops", #{}, "", stop},
        {"a tap stops, consumer daemon killed", #{}, Signal("KILL", ["lttng-consumerd"]), stop},
        {"a tap stops, session daemon stands still", #{}, Signal("STOP", ["lttng-sessiond"]), stop}
    ].

%% Something accepts connections and says nothing.
silent_relayd() ->
    "python3 -c 'import socket, time; s = socket.create_server((\"127.0.0.1\", 5392)); time.sleep(30)' >/dev/null 2>&1 & sleep 1".

measure({Name, Opts, Before, Fault}, Rounds) ->
    {Without, With} = lists:unzip([round(Opts, Before, Fault) || _ <- lists:seq(1, Rounds)]),
    io:format("| ~ts | ~ts | ~ts |~n", [Name, told(Without), told(With)]).

%% The least of all rounds, and in brackets the median: whatever else the machine does only adds.
told(Gaps) ->
    Sorted = lists:sort(Gaps),
    io_lib:format("~b (~b)", [hd(Sorted), lists:nth(length(Sorted) div 2 + 1, Sorted)]).

round(Opts, Before, Fault) ->
    Vm = vm([]),
    Path = filename:join(os:getenv("BENCH_DIR"), integer_to_list(erlang:unique_integer([positive]))),
    ok = filelib:ensure_path(Path),
    Trace = filename:join(Path, "trace"),
    Tap = prepare(Vm, Trace, Opts),
    ok = call(Vm, ?MODULE, prioritize, []),
    Here = fun(Command) -> unicode:characters_to_list(string:replace(Command, "PATH", Path, all)) end,
    Without = call(Vm, ?MODULE, longest, [?WINDOWS, {os, cmd, ["true"]}]),
    _ = call(Vm, os, cmd, [Here(Before)]),
    Act =
        case Fault of
            load -> {beamtap, load_provider, []};
            stop -> {beamtap, stop, [Tap]};
            start -> {beamtap_victim, start, [Trace]};
            {start, Options} -> {beamtap_victim, start, [Trace, Options]};
            Command -> {os, cmd, [Here(Command)]}
        end,
    With = call(Vm, ?MODULE, longest, [?WINDOWS, Act]),
    _ = call(Vm, os, cmd, ["pkill -CONT lttng-"]),
    ok = peer:stop(Vm),
    _ = file:del_dir_r(Path),
    {Without, With}.

prepare(Vm, _, none) ->
    call(Vm, beamtap_victim, restart_sessiond, []);
prepare(Vm, Trace, Opts) ->
    {ok, Tap} = call(Vm, beamtap_victim, start, [Trace, Opts]),
    Tap.

%%% Within the VM

%% @doc The longest gap in microseconds over some windows, during the first of which something is done.
longest(Windows, {Module, Function, Arguments}) ->
    {Actor, Monitor} = spawn_monitor(fun() ->
        receive
        after ?WINDOW_MS div 4 -> apply(Module, Function, Arguments)
        end
    end),
    Gaps = [window() || _ <- lists:seq(1, Windows)],
    receive
        {'DOWN', Monitor, process, Actor, _} -> lists:max(Gaps)
    end.

window() ->
    Listener = self(),
    _ = spawn_opt(fun() -> Listener ! {gap, look()} end, [{priority, high}]),
    Gap = receive {gap, Longest} -> Longest end,
    receive
    after ?PAUSE_MS -> Gap
    end.

look() ->
    Now = erlang:monotonic_time(microsecond),
    look(Now, Now, Now + ?WINDOW_MS * 1000, 0).

look(Last, Called, End, Longest) when Last < End ->
    Recent =
        case Last - Called >= ?CALL_EVERY_US of
            true -> beamtap_victim:work(Last);
            false -> Called
        end,
    Now = erlang:monotonic_time(microsecond),
    look(Now, Recent, End, max(Longest, Now - Last));
look(_, _, _, Longest) ->
    Longest.

%% @doc Gives the schedulers real-time priority; what they start has none.
prioritize() ->
    Each = "case $(cat $t/comm) in [0-9]*_scheduler|erts_sched_*) chrt -f -R -p 20 ${t##*/};; esac",
    _ = os:cmd("for t in /proc/" ++ os:getpid() ++ "/task/*; do " ++ Each ++ "; done"),
    ok.
