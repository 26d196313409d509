%% A VM under everything at once: all processes and ports traced with every flag, under 10,000 short-lived processes at
%% a time, one that makes much garbage, and a port. Beside it a VM that does the same untraced, and one with a tracer that
%% does nothing.
-module(beamtap_storm).

-export([main/0, compare/2, broken/1]).
%% In the VMs
-export([run/2]).

-define(PROCESSES, 10000).
-define(MEMORY_BYTES, 32 bsl 20).
%% Schedulings are counted that took longer than so many milliseconds.
-define(LONGER_MS, [1, 2, 4, 8, 16]).
%% From here on it is no slice of a process any more: of those a traced one takes longer, since the VM counts a process's
%% reductions and not the time that its tracer takes.
-define(LONG_MS, 4).

%% @doc For scripts/storm: runs for STORM_SECONDS, prints what was seen, ends with status 1 where a law is broken.
main() ->
    Ms = 1000 * list_to_integer(os:getenv("STORM_SECONDS", "30")),
    Null = in_vm(run, [Ms, null]),
    Figures = compare(Ms, filename:join(os:getenv("STORM_DIR"), "trace")),
    row("", [untraced, null_tracer, traced]),
    lists:foreach(fun({Name, Values}) -> row(Name, Values) end, rows(Figures#{null => Null})),
    #{law := #{emitted := Emitted, read := Read, discarded := Discarded, lost := Lost, residual := Residual}} = Figures,
    io:format("emitted ~b = read ~b + discarded ~b + lost ~b, residual ~b~n", [Emitted, Read, Discarded, Lost, Residual]),
    Broken = broken(Figures) ++ [too_long_gaps || has_long_gaps(Figures#{null => Null})],
    io:format("broken: ~p~n", [Broken]),
    halt(min(1, length(Broken))).

row(Name, Values) ->
    io:format("~-32s~s~n", [Name, [io_lib:format("~13w", [Value]) || Value <- Values]]).

rows(#{untraced := Untraced, null := Null, traced := Traced}) ->
    Vms = [Untraced, Null, Traced],
    [
        {Name, [map_get(Key, Vm) || Vm <- Vms]}
     || {Name, Key} <- [
            {"processes that lived", processes},
            {"peak of the VM's memory, bytes", peak},
            {"memory at the end, bytes", settled},
            {"peak of RssAnon, bytes", resident}
        ]
    ] ++
        [
            {io_lib:format("schedulings over ~b ms", [Ms]), [over(Ms, Vm) || Vm <- Vms]}
         || Ms <- ?LONGER_MS
        ] ++ [{"longest of them, ms", [map_get(longest, Vm) || Vm <- Vms]}].

%% @doc The laws that are no question of time.
-spec broken(map()) -> [atom()].
broken(#{untraced := Untraced, traced := Traced, law := Law}) ->
    [not_exact || maps:get(residual, Law) =/= 0] ++
        [nothing_read || maps:get(read, Law) =:= 0] ++
        [flags_left || maps:get(flags, Traced) =/= []] ++
        [panicked || maps:get(panics, Traced) =/= 0] ++
        [unreadable || maps:get(unreadable, Traced) =/= 0] ++
        [memory || maps:get(settled, Traced) - maps:get(settled, Untraced) > ?MEMORY_BYTES].

over(Bound, #{gaps := Gaps}) -> lists:sum([N || {Ms, N} <- maps:to_list(Gaps), Ms > Bound]).

%% Long schedulings also come without us: other threads take the processor, its host takes it from all, and the VM's own
%% part of tracing takes time. So they are compared by their number, and three standard deviations of such a difference
%% are no difference.
has_long_gaps(#{untraced := Untraced, null := Null, traced := Traced}) ->
    lists:any(
        fun({Without, With}) -> With - Without > 3 * math:sqrt(Without + With) end,
        [{max(over(Ms, Untraced), over(Ms, Null)), over(Ms, Traced)} || Ms <- ?LONGER_MS, Ms >= ?LONG_MS]
    ).

%% @doc The same work for so many milliseconds in two VMs, the second one traced into Path.
-spec compare(pos_integer(), file:name_all()) -> map().
compare(Ms, Path) ->
    Untraced = in_vm(run, [Ms, untraced]),
    Traced = in_vm(run, [Ms, unicode:characters_to_binary(Path)]),
    #{untraced => Untraced, traced => Traced, law => law(Path)}.

in_vm(Function, Arguments) ->
    Paths = lists:append([["-pa", P] || P <- code:get_path(), filelib:is_dir(P), string:prefix(P, code:lib_dir()) =:= nomatch]),
    {ok, Vm, _} = peer:start(#{connection => standard_io, args => Paths}),
    Figures = peer:call(Vm, ?MODULE, Function, Arguments, 600000),
    %% It is alive and well.
    [1, 2, 3] = peer:call(Vm, lists, seq, [1, 3]),
    ok = peer:stop(Vm),
    Figures.

law(Path) ->
    Said = os:cmd(unicode:characters_to_list(["'", beamtap_files:file("beamtapd"), "' info '", Path, "' --json"])),
    maps:from_list([{Key, number(Key, Said)} || Key <- [emitted, read, discarded, lost, residual]]).

number(Key, Said) ->
    Pattern = ["\"", atom_to_list(Key), "\" *: *(-?[0-9]+)"],
    case re:run(Said, Pattern, [{capture, all_but_first, list}]) of
        {match, [Number]} -> list_to_integer(Number);
        nomatch -> error({no, Key, Said})
    end.

%%% In the VMs

%% @doc Works for so long, traced into a directory, by a tracer that does nothing, or not at all.
run(Ms, Path) ->
    Watcher = watcher(),
    Stop = trace(Path),
    Work = [spawn_link(fun garbage/0), spawn_link(fun echo/0)],
    Processes = processes(erlang:monotonic_time(millisecond) + Ms, 0),
    [
        begin
            unlink(Pid),
            exit(Pid, kill)
        end
     || Pid <- Work
    ],
    Traced = Stop(),
    Watched = watched(Watcher),
    [erlang:garbage_collect(Pid) || Pid <- erlang:processes()],
    maps:merge(Traced, Watched#{processes => Processes, settled => erlang:memory(total)}).

trace(untraced) ->
    fun() -> #{} end;
trace(null) ->
    {module, _} = code:ensure_loaded(bench_nif),
    _ = erlang:trace_pattern({lists, '_', '_'}, true, [local]),
    Flags = [call, send, 'receive', procs, ports, running, exiting, running_ports, garbage_collection],
    _ = erlang:trace(all, true, [{tracer, bench_nif, 0}, arity | Flags]),
    fun() ->
        _ = erlang:trace(all, false, [all]),
        #{}
    end;
trace(Path) ->
    %% No returns: the VM runs through all the frames that return_trace leaves of a tail-recursive function at once,
    %% whoever the tracer is.
    {ok, Tap} = beamtap:start(
        #{classes => all, functions => ["lists:_/_"], targets => all},
        #{output => Path, events => infinity, for => infinity, subbuf_size => 1 bsl 20, owner => whereis(init)}
    ),
    fun() ->
        {ok, #{ended_by := stop, unreadable := Unreadable}} = beamtap:stop(Tap),
        #{flags := Flags} = beamtap_world:snapshot(),
        #{flags => Flags, panics => beamtap_nif:panics(), unreadable => Unreadable}
    end.

processes(End, Lived) ->
    case erlang:monotonic_time(millisecond) < End of
        true ->
            Pids = [spawn_monitor(fun() -> short_lived(N) end) || N <- lists:seq(1, ?PROCESSES)],
            [
                receive
                    {'DOWN', Ref, process, Pid, _} -> ok
                end
             || {Pid, Ref} <- Pids
            ],
            processes(End, Lived + ?PROCESSES);
        false ->
            Lived
    end.

short_lived(N) ->
    Self = self(),
    Child = spawn_link(fun() ->
        receive
            {Self, Words} -> Self ! {done, lists:reverse(Words)}
        end
    end),
    Child ! {Self, lists:seq(1, N rem 50)},
    receive
        {done, _} -> ok
    end,
    %% Taken already, most of the time.
    _ = N rem 100 =:= 0 andalso catch register(storm, Self),
    exit(ends(N rem 3)).

ends(0) -> normal;
ends(1) -> {shutdown, storm};
ends(2) -> kill.

garbage() ->
    _ = lists:sort([{N, integer_to_binary(N)} || N <- lists:seq(1, 20000)]),
    garbage().

echo() ->
    Port = open_port({spawn, "cat"}, [binary]),
    _ = [
        begin
            true = port_command(Port, <<"storm">>),
            receive
                {Port, {data, _}} -> ok
            end
        end
     || _ <- lists:seq(1, 100)
    ],
    port_close(Port),
    echo().

%%% What is watched: memory, and schedulings that took more than a millisecond

watcher() ->
    spawn_link(fun() ->
        _ = erlang:system_monitor(self(), [{long_schedule, 1}]),
        _ = look(),
        watch(#{gaps => #{}, longest => 0, peak => 0, resident => 0})
    end).

watch(#{gaps := Gaps, longest := Longest, peak := Peak, resident := Resident} = Seen) ->
    receive
        {monitor, _, long_schedule, Info} ->
            {timeout, Ms} = lists:keyfind(timeout, 1, Info),
            Counted = maps:update_with(Ms, fun(N) -> N + 1 end, 1, Gaps),
            watch(Seen#{gaps := Counted, longest := max(Longest, Ms)});
        {watched, From} ->
            From ! {watched, self(), Seen};
        look ->
            _ = look(),
            watch(Seen#{peak := max(Peak, erlang:memory(total)), resident := max(Resident, resident())})
    end.

look() -> erlang:send_after(50, self(), look).

watched(Watcher) ->
    Watcher ! {watched, self()},
    receive
        {watched, Watcher, Seen} -> Seen
    end.

resident() ->
    {ok, Status} = file:read_file("/proc/self/status"),
    {match, [KiB]} = re:run(Status, "RssAnon:\\s+(\\d+)", [{capture, all_but_first, list}]),
    list_to_integer(KiB) * 1024.
