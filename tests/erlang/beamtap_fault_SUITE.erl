%% What a person is told, and what can be read afterwards, when a part of LTTng fails. Each case has a VM, daemons and a
%% /dev/shm of its own; how long the application was held up is printed.
-module(beamtap_fault_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([consumerd_killed/1, sessiond_killed/1, both_killed/1, consumerd_killed_at_the_end/1, sessiond_stopped/1]).
-export([foreign_sessiond_stopped/1, sessiond_stopped_at_start/1, sessiond_stopped_while_starting/1]).
-export([sessiond_stopped_at_load/1]).
-export([small_shm/1, full_output/1, read_only_output/1, removed_output/1, two_vms/1, vm_killed/1]).
-export([no_group_member/1, group_member/1, silent_relayd/1, own_buffers_of_killed_vm/1, daemon_elsewhere/1, many_taps/1, many_daemons/1]).
%% In the other VM
-export([taps/2, held/0]).

-import(beamtap_victim, [vm/1, call/3, call/4, gap/1, healthy/1, bounded/1]).

-define(CALLS, 1000).

suite() -> [{timetrap, {minutes, 12}}].

all() ->
    [
        consumerd_killed,
        sessiond_killed,
        both_killed,
        consumerd_killed_at_the_end,
        sessiond_stopped,
        foreign_sessiond_stopped,
        sessiond_stopped_at_start,
        sessiond_stopped_while_starting,
        sessiond_stopped_at_load,
        no_group_member,
        group_member,
        silent_relayd,
        small_shm,
        full_output,
        daemon_elsewhere,
        read_only_output,
        removed_output,
        two_vms,
        vm_killed,
        own_buffers_of_killed_vm,
        many_taps,
        many_daemons
    ].

init_per_suite(Config) -> beamtap_victim:suite(Config).

end_per_suite(_) ->
    ok.

consumerd_killed(Config) ->
    killed(?FUNCTION_NAME, ["lttng-consumerd"], "no user-space consumer daemon", Config).

sessiond_killed(Config) ->
    killed(?FUNCTION_NAME, ["lttng-sessiond"], "no LTTng session daemon", Config).

both_killed(Config) ->
    %% In this order: it may be looked whether they are there after the first.
    killed(?FUNCTION_NAME, ["lttng-sessiond", "lttng-consumerd"], "no LTTng session daemon", Config).

%% Stopped at once, before it can record again unless the machine is slow: the receipt does not pretend that what was
%% emitted is in the trace.
killed(Case, Daemons, Said, Config) ->
    Vm = vm([]),
    {ok, Tap} = call(Vm, start, [scratch(Case, Config)]),
    ok = call(Vm, call_often, [?CALLS]),
    true = length(Daemons) =:= call(Vm, kill, [Daemons]),
    Stopped = bounded(fun() -> call(Vm, stop, [Tap]) end),
    ct:pal("~s: ~tp", [Case, Stopped]),
    {ok, #{emitted := Emitted, recorded := unknown, discarded := unknown, gaps := [Gap], problems := Problems}} = Stopped,
    true = Emitted >= ?CALLS,
    #{reason := Reason} = Gap,
    {match, _} = re:run(Reason, Said),
    said("recorded nothing for ", Problems),
    healthy(Vm).

%% While the session daemon waits for it: LTTng may report that all is well.
consumerd_killed_at_the_end(Config) ->
    Vm = vm([]),
    {ok, Tap} = call(Vm, start, [scratch(?FUNCTION_NAME, Config)]),
    ok = call(Vm, call_often, [?CALLS]),
    1 = call(Vm, signal, ["lttng-consumerd", "STOP"]),
    {Stopper, Monitor} = spawn_monitor(fun() -> exit({stopped, call(Vm, stop, [Tap])}) end),
    beamtap_world:until(fun() ->
        case call(Vm, beamtap_ledger, entry, [Tap]) of
            {ok, #{state := closing}} -> true;
            Other -> Other
        end
    end),
    1 = call(Vm, kill, [["lttng-consumerd"]]),
    receive
        {'DOWN', Monitor, process, Stopper, {stopped, Stopped}} ->
            {ok, #{recorded := unknown, gaps := [#{reason := Reason, resumed := false}], problems := [Problem]}} = Stopped,
            {match, _} = re:run(Reason, "no user-space consumer daemon"),
            said("recorded nothing for ", [Problem])
    end,
    healthy(Vm).

%% A daemon that stands still answers nobody. Every call answers all the same, and once it goes on nothing is left.
sessiond_stopped(Config) ->
    Vm = vm([]),
    {ok, Tap} = call(Vm, start, [scratch(?FUNCTION_NAME, Config), #{mode => [local, snapshot]}]),
    Before = gap(Vm),
    1 = call(Vm, signal, ["lttng-sessiond", "STOP"]),
    ct:pal("~s: longest gap between calls ~b us before, ~b us after", [?FUNCTION_NAME, Before, gap(Vm)]),
    {ok, #{state := recording}} = bounded(fun() -> call(Vm, beamtap, info, [Tap]) end),
    {error, #{reason := timeout}} = bounded(fun() -> call(Vm, beamtap, snapshot, [Tap, "now"]) end),
    error = bounded(fun() -> call(Vm, beamtap_doctor, worst, [call(Vm, beamtap_doctor, rows, [])]) end),
    {ok, Receipt} = bounded(fun() -> call(Vm, stop, [Tap]) end),
    ct:pal("~s: ~tp", [?FUNCTION_NAME, Receipt]),
    #{discarded := unknown, problems := Problems} = Receipt,
    said("LTTng did not stop the session: the LTTng session daemon did not answer within", Problems),
    %% Our own daemon is ended with all that was in it.
    daemons(Vm, []),
    healthy(Vm).

%% So it is with one that was there before, which goes on.
foreign_sessiond_stopped(Config) ->
    Vm = vm([]),
    ok = call(Vm, restart_sessiond, []),
    Path = scratch(?FUNCTION_NAME, Config),
    {ok, Tap} = call(Vm, start, [Path]),
    ok = call(Vm, call_often, [?CALLS]),
    1 = call(Vm, signal, ["lttng-sessiond", "STOP"]),
    {ok, #{problems := [_ | _]}} = bounded(fun() -> call(Vm, stop, [Tap]) end),
    1 = call(Vm, signal, ["lttng-sessiond", "CONT"]),
    nothing_left(Vm),
    ?CALLS = beamtap_world:calls(Path, beamtap_victim, work),
    healthy(Vm).

sessiond_stopped_at_start(Config) ->
    Vm = vm([]),
    beamtap_victim:stopped_sessiond(Vm),
    {error, #{reason := timeout, remedy := Remedy}} =
        bounded(fun() -> call(Vm, start, [scratch(?FUNCTION_NAME, Config)]) end),
    {match, _} = re:run(Remedy, "lttng-sessiond"),
    1 = call(Vm, signal, ["lttng-sessiond", "CONT"]),
    nothing_left(Vm),
    healthy(Vm).

%% While it begins to record, and while another process asks how it goes.
sessiond_stopped_while_starting(Config) ->
    Vm = vm([]),
    ok = call(Vm, restart_sessiond, []),
    {ok, Tap} = call(Vm, start, [scratch(?FUNCTION_NAME, Config)]),
    {ok, _} = call(Vm, stop, [Tap]),
    1 = call(Vm, signal, ["lttng-sessiond", "STOP"]),
    Starter = spawn_monitor(fun() ->
        exit(bounded(fun() -> call(Vm, start, [scratch(?FUNCTION_NAME, Config)]) end))
    end),
    beamtap_world:until(fun() ->
        case bounded(fun() -> call(Vm, beamtap, info, []) end) of
            [_, #{state := busy}] -> true;
            Other -> Other
        end
    end),
    {ok, []} = bounded(fun() -> call(Vm, beamtap, clear, []) end),
    {Pid, Monitor} = Starter,
    receive
        {'DOWN', Monitor, process, Pid, {error, #{reason := _}}} -> ok
    end,
    1 = call(Vm, signal, ["lttng-sessiond", "CONT"]),
    nothing_left(Vm),
    healthy(Vm).

%% liblttng-ust would wait three seconds for its daemon.
sessiond_stopped_at_load(_) ->
    Vm = vm([]),
    beamtap_victim:stopped_sessiond(Vm),
    Before = gap(Vm),
    ok = bounded(fun() -> call(Vm, beamtap, load_provider, []) end),
    ct:pal("~s: longest gap between calls ~b us before, ~b us after", [?FUNCTION_NAME, Before, gap(Vm)]),
    _ = call(Vm, signal, ["lttng-sessiond", "CONT"]),
    healthy(Vm).

%% Root's session daemon refuses this user, who has one of his own then.
no_group_member(_) ->
    as_nobody("--clear-groups", fun(Vm, Within, Path) ->
        {ok, Tap} = Within(beamtap_victim, start, [Path]),
        #{sessions := [], daemons := Daemons} = call(Vm, beamtap_world, snapshot, []),
        [_, _] = [Daemon || <<"lttng-sessiond">> = Daemon <- Daemons],
        ok = Within(beamtap_victim, call_often, [?CALLS]),
        {ok, #{problems := []}} = Within(beamtap_victim, stop, [Tap])
    end).

%% It takes the session of a user who is in the group.
group_member(_) ->
    case os:cmd("getent group tracing | cut -d: -f3") of
        "" ->
            beamtap_skip:cannot_run("there is no group tracing");
        Group ->
            as_nobody("--groups=" ++ string:trim(Group), fun(Vm, Within, Path) ->
                {ok, Tap} = Within(beamtap_victim, start, [Path]),
                #{sessions := [_], daemons := Daemons} = call(Vm, beamtap_world, snapshot, []),
                [_] = [Daemon || <<"lttng-sessiond">> = Daemon <- Daemons],
                ok = Within(beamtap_victim, call_often, [?CALLS]),
                {ok, #{problems := []}} = Within(beamtap_victim, stop, [Tap])
            end)
    end.

%% A second VM, of a user without rights, beside a session daemon of root's.
as_nobody(Groups, Act) ->
    Vm = vm([]),
    ok = call(Vm, restart_sessiond, []),
    Home = "/tmp/beamtap-nobody-" ++ os:getpid(),
    ok = file:make_dir(Home),
    ok = file:change_mode(Home, 8#777),
    try beamtap_victim:nobody(Vm, Home, Groups) of
        {skip, _} = Skip ->
            ok = peer:stop(Vm),
            Skip;
        {Other, Within} ->
            Path = filename:join(Home, "trace"),
            Act(Vm, Within, Path),
            ?CALLS = beamtap_world:calls(Path, beamtap_victim, work),
            ok = call(Vm, peer, stop, [Other]),
            healthy(Vm)
    after
        ok = file:del_dir_r(Home)
    end.

%% The session daemon waits for whatever accepts its connection.
silent_relayd(_) ->
    Vm = vm([]),
    {ok, Silent} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}}]),
    {ok, Port} = inet:port(Silent),
    Url = "net://127.0.0.1:" ++ integer_to_list(Port),
    lists:foreach(
        fun(Mode) ->
            {error, #{reason := timeout, message := Message, remedy := Remedy}} =
                bounded(fun() -> call(Vm, start, [unused, #{mode => Mode}]) end),
            ct:pal("~ts. ~ts", [Message, Remedy]),
            {match, _} = re:run(Message, Url ++ " did not answer"),
            {match, _} = re:run(Remedy, "what listens there"),
            daemons(Vm, [])
        end,
        [{net, Url}, {live, Url, 500}]
    ),
    ok = gen_tcp:close(Silent),
    healthy(Vm).

small_shm(Config) ->
    Vm = vm([{"LTTNG_SANDBOX_SHM_SIZE", "1m"}]),
    Path = scratch(?FUNCTION_NAME, Config),
    {error, #{reason := shm_too_small, remedy := Remedy}} = call(Vm, start, [Path]),
    {match, _} = re:run(Remedy, "/dev/shm"),
    false = filelib:is_dir(Path),
    healthy(Vm).

%% LTTng would say that all is well.
full_output(Config) ->
    Vm = vm([]),
    Place = scratch(?FUNCTION_NAME, Config),
    ok = filelib:ensure_path(Place),
    "" = call(Vm, os, cmd, ["mount -t tmpfs -o size=8k none '" ++ Place ++ "' 2>&1"]),
    {error, #{reason := output_full, message := Message, remedy := <<"free space", _/binary>>}} =
        call(Vm, start, [filename:join(Place, "trace")]),
    {match, _} = re:run(Message, Place),
    {ok, []} = call(Vm, file, list_dir, [Place]),
    healthy(Vm).

%% A session daemon that has another disk in the output's place: LTTng says that all is well, and only the canary that
%% does not come back tells.
daemon_elsewhere(Config) ->
    Vm = vm([]),
    Place = scratch(?FUNCTION_NAME, Config),
    ok = filelib:ensure_path(Place),
    Daemon = "mount -t tmpfs none '" ++ Place ++ "' && lttng-sessiond --daemonize --no-kernel",
    "" = call(Vm, os, cmd, ["unshare --mount sh -c \"" ++ Daemon ++ "\" 2>&1"]),
    Started = bounded(fun() -> call(Vm, start, [filename:join(Place, "trace")]) end),
    {error, #{reason := not_recording, message := Message, remedy := Remedy}} = Started,
    ct:pal("~s: ~ts. ~ts", [?FUNCTION_NAME, Message, Remedy]),
    {match, _} = re:run(Message, Place),
    nothing_left(Vm),
    healthy(Vm).

read_only_output(Config) ->
    Vm = vm([]),
    Place = scratch(?FUNCTION_NAME, Config),
    ok = filelib:ensure_path(Place),
    "" = call(Vm, os, cmd, ["mount -t tmpfs -o ro none '" ++ Place ++ "' 2>&1"]),
    {error, #{reason := bad_output, remedy := Remedy}} =
        call(Vm, start, [filename:join(Place, "trace")]),
    true = Remedy =/= <<>>,
    healthy(Vm).

%% What is written goes to files that have no name any more. The VM does not notice, and nothing hangs.
removed_output(Config) ->
    Vm = vm([]),
    Path = scratch(?FUNCTION_NAME, Config),
    {ok, Tap} = call(Vm, start, [Path]),
    ok = call(Vm, file, del_dir_r, [Path]),
    _ = gap(Vm),
    Stopped = call(Vm, stop, [Tap]),
    ct:pal("~s: ~tp", [?FUNCTION_NAME, Stopped]),
    {ok, #{problems := Problems, recorded := unknown}} = Stopped,
    said("recorded nothing for ", Problems),
    healthy(Vm).

%% One daemon for both; each trace has its own VM's calls only.
two_vms(Config) ->
    Vm = vm([]),
    {Other, Within, _} = beamtap_victim:other(Vm),
    [Path, OtherPath] = [scratch(Name, Config) || Name <- [first, second]],
    {ok, Tap} = call(Vm, start, [Path]),
    {ok, OtherTap} = Within(beamtap_victim, start, [OtherPath]),
    ok = call(Vm, call_often, [?CALLS]),
    ok = Within(beamtap_victim, call_often, [2 * ?CALLS]),
    %% The daemon is the first VM's, and the second records on.
    {ok, #{problems := []}} = call(Vm, stop, [Tap]),
    ok = Within(beamtap_victim, call_often, [?CALLS]),
    {ok, #{problems := []}} = Within(beamtap_victim, stop, [OtherTap]),
    ?CALLS = beamtap_world:calls(Path, beamtap_victim, work),
    Calls = beamtap_world:calls(OtherPath, beamtap_victim, work),
    Calls = 3 * ?CALLS,
    ok = call(Vm, peer, stop, [Other]),
    healthy(Vm).

%% The daemon that was started for the VM ends with it, and writes what its buffers hold.
vm_killed(Config) ->
    Vm = vm([]),
    {_, Within, OsPid} = beamtap_victim:other(Vm),
    Path = scratch(?FUNCTION_NAME, Config),
    {ok, _} = Within(beamtap_victim, start, [Path]),
    ok = Within(beamtap_victim, call_often, [?CALLS]),
    _ = call(Vm, os, cmd, ["kill -KILL " ++ OsPid]),
    beamtap_world:until(fun() ->
        %% A daemon on its way out cannot be asked for its LTTng sessions.
        Daemons = call(Vm, beamtap_world, daemons, []),
        Daemons =:= [] orelse Daemons
    end),
    ?CALLS = beamtap_world:calls(Path, beamtap_victim, work),
    healthy(Vm).

%% They end with the VM; what they hold is written before.
own_buffers_of_killed_vm(Config) ->
    Vm = vm([]),
    {_, Within, OsPid} = beamtap_victim:other_with_daemon(Vm),
    Path = scratch(?FUNCTION_NAME, Config),
    {ok, _} = Within(beamtap_victim, start, [Path, #{buffers_per => pid}]),
    ok = Within(beamtap_victim, call_often, [?CALLS]),
    _ = call(Vm, os, cmd, ["kill -KILL " ++ OsPid]),
    #{sessions := [Session]} = call(Vm, beamtap_world, snapshot, []),
    _ = call(Vm, os, cmd, ["lttng destroy " ++ binary_to_list(Session)]),
    [_] = filelib:wildcard(Path ++ "/ust/pid/*"),
    ?CALLS = beamtap_world:calls(Path, beamtap_victim, work),
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
    no_more(Vm, Before),
    ct:pal("~s: ~b taps, held ~p", [?FUNCTION_NAME, Cycles, Before]),
    healthy(Vm).

%% So do daemons and guards of its own, one for each tap.
many_daemons(Config) ->
    Vm = vm([]),
    ok = call(Vm, application, set_env, [beamtap, keep_daemon, 0, [{persistent, true}]]),
    ok = call(Vm, ?MODULE, taps, [1, scratch(warm, Config)]),
    daemons(Vm, []),
    Before = call(Vm, ?MODULE, held, []),
    ok = call(Vm, ?MODULE, taps, [3, scratch(?FUNCTION_NAME, Config)]),
    daemons(Vm, []),
    no_more(Vm, Before),
    healthy(Vm).

%%% In the other VM

taps(Cycles, Path) ->
    lists:foreach(
        fun(N) ->
            {ok, Tap} = beamtap_victim:start(Path ++ integer_to_list(N)),
            ok = beamtap_victim:call_often(10),
            {ok, #{problems := []}} = beamtap_victim:stop(Tap)
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

%%% Within

scratch(Case, Config) -> filename:absname(beamtap_world:scratch(Case, Config)).

said(Start, Problems) ->
    {true, _} = {lists:any(fun(Problem) -> string:prefix(Problem, Start) =/= nomatch end, Problems), Problems}.

%% The session is gone, though nobody waited for that.
nothing_left(Vm) ->
    beamtap_world:until(fun() ->
        #{sessions := Sessions} = call(Vm, beamtap_world, snapshot, []),
        Sessions =:= [] orelse Sessions
    end).

%% LTTng's own threads close what a session had a moment after it ended.
no_more(Vm, Before) ->
    beamtap_world:until(fun() ->
        Now = call(Vm, ?MODULE, held, []),
        lists:all(fun({Key, Count}) -> Count =< map_get(Key, Before) end, maps:to_list(Now)) orelse {Before, Now}
    end).

daemons(Vm, Wanted) ->
    beamtap_world:until(fun() ->
        Daemons = call(Vm, beamtap_world, daemons, []),
        Daemons =:= Wanted orelse Daemons
    end).
