%% Numbers are right, or it is said that they are not: what is in a trace, and what is missing, against counts that beamtap
%% does not keep. Each case has a VM, daemons and a /dev/shm of its own.
-module(beamtap_law_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([paused/1, ended_at_once/1, snapshot/1, running/1, daemons_killed/1, vm_killed/1]).
%% In the other VM
-export([outer/1, inner/1, waits/1, traced_pause/1, started_and_gone/1, worker/2]).

-import(beamtap_victim, [vm/1, call/3, call/4, healthy/1]).

-define(BATCH, 100).

suite() -> [{timetrap, {minutes, 8}}].

all() -> [paused, ended_at_once, snapshot, running, daemons_killed, vm_killed].

init_per_suite(Config) -> beamtap_victim:suite(Config).

end_per_suite(_) ->
    ok.

%% One call is open when the tap is paused and returns meanwhile; it and its caller have no time, and the time that the
%% process ran across the pause is not counted.
paused(Config) ->
    Vm = vm([]),
    Path = scratch(?FUNCTION_NAME, Config),
    {PausedUs, #{pauses := Pauses, gaps := [], problems := []}} = call(Vm, ?MODULE, traced_pause, [Path]),
    [#{began_us := Began, ended_us := Ended, resumed := true}] = Pauses,
    true = Ended - Began >= PausedUs,
    [{pause, #{session := Name}}, {resume, #{session := Name, length_ns := Ns}}, {ended, #{session := Name, ended_by := "stop"}}] =
        beamtap_world:events(Path, [pause, resume, ended]),
    true = Ns div 1000 >= PausedUs,
    Report = json(Vm, "report", Path),
    #{<<"pauses">> := 1, <<"paused_ns">> := PausedNs, <<"gaps">> := 0, <<"lossy">> := false, <<"residual">> := 0} = Report,
    true = abs(PausedNs - Ns) < 50_000_000,
    #{<<"functions">> := Functions, <<"processes">> := [#{<<"run_ns">> := RunNs} | _]} = Report,
    Rows = maps:from_list([{F, Row} || #{<<"name">> := F} = Row <- Functions]),
    #{<<"outer">> := #{<<"interrupted">> := 1, <<"own_ns">> := null}} = Rows,
    #{<<"inner">> := #{<<"interrupted">> := 1, <<"own_ns">> := null}} = Rows,
    #{<<"waits">> := #{<<"calls">> := 3, <<"interrupted">> := 0, <<"total_ns">> := TotalNs}} = Rows,
    true = TotalNs >= 15_000_000,
    #{<<"span">> := #{<<"duration_ns">> := Span}} = Report,
    true = RunNs =< Span - Ns,
    healthy(Vm).

ended_at_once(Config) ->
    Vm = vm([]),
    Path = scratch(?FUNCTION_NAME, Config),
    ok = call(Vm, ?MODULE, started_and_gone, [Path]),
    Said = beamtapd(Vm, "report", Path),
    {match, _} = re:run(Said, "The tap recorded for [0-9.]+ .?s, until the process that started it exited", [unicode]),
    healthy(Vm).

snapshot(Config) ->
    Vm = vm([]),
    {ok, Tap} = call(Vm, start, [scratch(?FUNCTION_NAME, Config), #{mode => snapshot}]),
    ok = call(Vm, call_often, [1000]),
    {ok, Path} = call(Vm, beamtap, snapshot, [Tap, "now"]),
    #{<<"emitted">> := null, <<"lossy">> := null, <<"notes">> := [Note]} = json(Vm, "info", Path),
    {match, _} = re:run(Note, "^This is a snapshot of a flight recorder"),
    {ok, _} = call(Vm, stop, [Tap]),
    healthy(Vm).

%% Names are in the trace's files while the tap runs.
running(Config) ->
    Vm = vm([]),
    Path = scratch(?FUNCTION_NAME, Config),
    {ok, Tap} = call(Vm, start, [Path, #{switch_timer => 100}]),
    ok = call(Vm, call_often, [1000]),
    beamtap_world:until(fun() ->
        case json(Vm, "report", Path) of
            #{<<"functions">> := [#{<<"function">> := <<"beamtap_victim:work/1">>, <<"calls">> := 1000}], <<"lossy">> := null} -> true;
            Other -> Other
        end
    end),
    {ok, _} = call(Vm, stop, [Tap]),
    healthy(Vm).

%% Each daemon at a random moment of a tap that goes on: what is missing of the calls that were made has a name, and where
%% nothing is said to be missing nothing is.
daemons_killed(Config) ->
    ok = beamtap_seed:new(?FUNCTION_NAME),
    Buffers = [#{}, #{subbuf_size => 4096, num_subbuf => 2}, #{subbuf_size => 4096, num_subbuf => 2, on_full => overwrite}],
    Daemons = [["lttng-consumerd"], ["lttng-sessiond"], ["beamtapd"], ["lttng-sessiond", "lttng-consumerd"]],
    Failed = [Case || Killed <- Daemons, Opts <- Buffers, Case <- killed(Killed, Opts, Config)],
    [] = Failed.

killed(Killed, Opts, Config) ->
    Vm = vm([]),
    Path = scratch(killed, Config),
    Counter = scratch(counter, Config),
    {ok, Tap} = call(Vm, start, [Path, Opts]),
    Worker = call(Vm, ?MODULE, worker, [Counter, rand:uniform(50)]),
    Ms = rand:uniform(1500),
    pass(Ms),
    _ = call(Vm, kill, [Killed]),
    beamtap_world:until(fun() ->
        case call(Vm, beamtap, info, [Tap]) of
            {ok, #{state := recording, gaps := [_ | _]}} -> true;
            Other -> Other
        end
    end),
    pass(rand:uniform(500)),
    {Made, Course} = call(Vm, ?MODULE, worker, [Worker, stop]),
    {ok, Receipt} = call(Vm, stop, [Tap]),
    Info = json(Vm, "info", Path),
    healthy(Vm),
    told({Killed, Ms, Opts}, Made, Course, Receipt, Info).

%% What does not hold. While LTTng has the events switched off none is emitted, and none counted: only then may calls be
%% made that are not traced.
told(Case, Made, Course, #{traced := Traced, gaps := Gaps, emitted := Counted} = Receipt, Info) ->
    Within = fun(Us) -> lists:any(fun(#{began_us := B, ended_us := E}) -> B =< Us andalso Us =< E end, Gaps) end,
    MadeInGaps = ?BATCH * length([Us || Us <- Course, Within(Us)]),
    #{<<"events">> := Events, <<"lossy">> := Lossy, <<"emitted">> := Emitted, <<"residual">> := Residual} = Info,
    Read = lists:sum([N || #{<<"event">> := <<"call">>, <<"read">> := N} <- Events]),
    Missing = Traced - Read,
    Terms = maps:with([<<"emitted">>, <<"read">>, <<"discarded">>, <<"lost">>, <<"gap">>, <<"residual">>, <<"lossy">>, <<"gaps">>], Info),
    ct:pal("~p: ~b calls made, ~b of them in gaps, ~b read~n~w~n~w", [
        Case, Made, MadeInGaps, Read, Terms, maps:with([traced, emitted, recorded], Receipt)
    ]),
    Named = lists:sum([N || Term <- [<<"discarded">>, <<"lost">>, <<"gap">>], N <- [maps:get(Term, Info)], is_integer(N)]),
    Laws = [
        {traced, Traced =< Made andalso Traced + MadeInGaps + 2 * ?BATCH >= Made},
        {read, Read =< Traced},
        {gap, map_get(<<"gaps">>, Info) >= 1},
        {lossy, Lossy =:= true},
        {residual, Residual =:= 0 orelse (Residual =:= null andalso map_get(<<"lost_packets">>, Info) > 0)},
        %% The canary comes before the receipt's counting.
        {emitted, Emitted =:= Counted + 1 andalso Emitted >= Traced},
        {named, Missing =< Named}
    ],
    [{Case, Law} || {Law, false} <- Laws].

%% The count is in a file, which the VM's death does not take away.
vm_killed(Config) ->
    ok = beamtap_seed:new(?FUNCTION_NAME),
    Buffers = [#{}, #{subbuf_size => 4096, num_subbuf => 2}, #{subbuf_size => 4096, num_subbuf => 2, on_full => overwrite}],
    [] = [Case || Opts <- Buffers, Case <- vm_killed(Opts, Config)].

vm_killed(Opts, Config) ->
    Vm = vm([]),
    {_, Within, OsPid} = beamtap_victim:other(Vm),
    [Path, Counter] = [scratch(Name, Config) || Name <- [vm_killed, counter]],
    {ok, _} = Within(beamtap_victim, start, [Path, Opts]),
    _ = Within(?MODULE, worker, [Counter, rand:uniform(50)]),
    Ms = rand:uniform(1500),
    pass(Ms),
    _ = call(Vm, os, cmd, ["kill -KILL " ++ OsPid]),
    beamtap_world:until(fun() ->
        #{daemons := Daemons} = call(Vm, beamtap_world, snapshot, []),
        Daemons =:= [] orelse Daemons
    end),
    {ok, Text} = file:read_file(Counter),
    Made = binary_to_integer(Text),
    Info = json(Vm, "info", Path),
    healthy(Vm),
    #{<<"events">> := Events, <<"lossy">> := Lossy, <<"emitted">> := Emitted} = Info,
    Read = lists:sum([N || #{<<"event">> := <<"call">>, <<"read">> := N} <- Events]),
    ct:pal("~p after ~b ms: at least ~b calls made, ~b read, lossy ~p", [Opts, Ms, Made, Read, Lossy]),
    Laws = [{emitted, Emitted =:= null}, {lossy, Lossy =/= false}, {missing, Read >= Made orelse Lossy =/= false}],
    [{Opts, Ms, Law} || {Law, false} <- Laws].

%%% In the other VM

outer(Whom) ->
    inner(Whom),
    Whom ! inner_done,
    receive
        go_on -> ok
    end,
    [waits(5) || _ <- [1, 2, 3]].

inner(Whom) ->
    Whom ! in,
    receive
        out -> ok
    end.

waits(Ms) ->
    receive
    after Ms -> ok
    end.

%% Pauses while both calls are open, and resumes when the inner one has returned; how long that was, and the receipt.
traced_pause(Path) ->
    Self = self(),
    Traced = spawn_link(fun() ->
        receive
            go -> outer(Self)
        end,
        Self ! done,
        receive
            stop -> ok
        end
    end),
    Functions = [{{?MODULE, F, 1}, return} || F <- [outer, inner, waits]],
    {ok, Tap} = beamtap:start(#{functions => Functions, classes => [running], targets => Traced}, #{output => Path}),
    Traced ! go,
    receive
        in -> ok
    end,
    {ok, #{state := paused, pauses := [#{resumed := false}]}} = beamtap:pause(Tap),
    {ok, #{state := paused, pauses := [_]}} = beamtap:pause(Tap),
    Began = erlang:monotonic_time(microsecond),
    Traced ! out,
    receive
        inner_done -> ok
    end,
    waits(300),
    PausedUs = erlang:monotonic_time(microsecond) - Began,
    {ok, #{state := recording, pauses := [#{resumed := true}]}} = beamtap:resume(Tap),
    Traced ! go_on,
    receive
        done -> ok
    end,
    {ok, Receipt} = beamtap:stop(Tap),
    Traced ! stop,
    {PausedUs, Receipt}.

%% The process that starts a tap is its owner unless another is named.
started_and_gone(Path) ->
    {Pid, Monitor} = spawn_monitor(fun() -> {ok, _} = beamtap:start({?MODULE, waits, 1}, #{output => Path}) end),
    receive
        {'DOWN', Monitor, process, Pid, normal} -> ok
    end,
    beamtap_world:until(fun() ->
        case beamtap:info() of
            [#{state := ended, ended_by := owner, traced := 0}] -> true;
            Other -> Other
        end
    end).

%% Calls the traced function in batches, a millisecond's pause after every so many, and writes down how many were made; when
%% it is stopped it also says when each batch was.
worker(Counter, Every) when is_integer(Every) ->
    spawn(fun() ->
        {ok, File} = file:open(Counter, [write, raw]),
        calls(File, Every, 0, [])
    end);
worker(Worker, stop) ->
    Monitor = monitor(process, Worker),
    Worker ! {stop, self()},
    receive
        {made, Made, Course} ->
            demonitor(Monitor, [flush]),
            {Made, Course};
        {'DOWN', Monitor, process, _, Reason} -> exit(Reason)
    end.

calls(File, Every, Before, Course) ->
    ok = beamtap_victim:call_often(?BATCH),
    Made = Before + ?BATCH,
    ok = file:pwrite(File, 0, integer_to_binary(Made)),
    Pause =
        case (Made div ?BATCH) rem Every of
            0 -> 1;
            _ -> 0
        end,
    receive
        {stop, Whom} -> Whom ! {made, Made, Course}
    after Pause -> calls(File, Every, Made, [erlang:system_time(microsecond) | Course])
    end.

%%% Within

scratch(Case, Config) -> filename:absname(beamtap_world:scratch(Case, Config)).

%% A random moment is what the case is about.
pass(Ms) ->
    receive
    after Ms -> ok
    end.

beamtapd(Vm, Command, Path) -> beamtapd(Vm, Command, Path, "2>&1").

beamtapd(Vm, Command, Path, Errors) ->
    {ok, Beamtapd} = call(Vm, beamtap_sidecar, find, []),
    unicode:characters_to_binary(call(Vm, os, cmd, ["'" ++ Beamtapd ++ "' " ++ Command ++ " '" ++ unicode:characters_to_list(Path) ++ "' " ++ Errors])).

%% A daemon that was killed leaves packets that end in the middle, which is told as a warning.
json(Vm, Command, Path) ->
    beamtap_json:decode(beamtapd(Vm, Command ++ " --json", Path, "2>/dev/null")).
