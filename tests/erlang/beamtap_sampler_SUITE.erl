%% The classes that no trace flag makes, with a real LTTng: the VM's system monitor, schedulers and allocators sampled.
-module(beamtap_sampler_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_testcase/2, end_per_testcase/2]).
-export([collections_and_heaps/1, long_schedule/1, busy_port/1, long_message_queue/1, told_by_hand/1]).
-export([schedulers/1, allocators/1]).
-export([short_tap/1, one_tap_each/1, changes/1, foreign_monitor/1, taken_over/1, overload/1, foreign_accounting/1]).
-export([nothing_stays/1]).

-import(beamtap_world, [emits/2, number/1]).

-import(beamtap_sessiond, [before/1]).

suite() -> [{timetrap, {minutes, 2}}].

all() ->
    [
        collections_and_heaps,
        long_schedule,
        busy_port,
        long_message_queue,
        told_by_hand,
        schedulers,
        allocators,
        short_tap,
        one_tap_each,
        changes,
        foreign_monitor,
        taken_over,
        overload,
        foreign_accounting,
        nothing_stays
    ].

init_per_suite(Config) -> beamtap_sessiond:begin_suite(Config).

end_per_suite(Config) -> beamtap_sessiond:end_suite(Config).

init_per_testcase(_, Config) -> beamtap_sessiond:begin_case(Config).

end_per_testcase(_, Config) -> beamtap_sessiond:end_case(Config).

%%% The system monitor

collections_and_heaps(Config) ->
    Tap = start(system_monitor, only(#{long_gc => 1, large_heap => 100000}), ?FUNCTION_NAME, Config),
    Hog = spawn(fun hog/0),
    emits(Tap, 20),
    exit(Hog, kill),
    Receipt = stop(Tap),
    Who = number(Hog),
    [{large_heap, Large} | _] = [Event || {_, #{pid := Pid}} = Event <- events(Receipt, [large_heap]), Pid =:= Who],
    #{heap_words := Heap, heap_block_words := Block, old_heap_words := Old, old_heap_block_words := OldBlock} = Large,
    true = Heap =< Block andalso Old =< OldBlock andalso Block + OldBlock >= 100000,
    [{long_gc, Long} | _] = [Event || {_, #{pid := Pid}} = Event <- events(Receipt, [long_gc]), Pid =:= Who],
    #{duration_ns := Ns, heap_block_words := _, stack_words := _, mbuf_words := _} = Long,
    true = Ns >= 1000000 andalso Ns rem 1000000 =:= 0.

%% A heap that only grows, so that collections take ever longer.
hog() -> hog([]).

hog(Kept) ->
    true = erlang:garbage_collect(),
    hog([lists:seq(1, 100000) | lists:sublist(Kept, 50)]).

%% A multiplication is done at one go; the compiler does it itself where it knows the number.
long_schedule(Config) ->
    Tap = start(system_monitor, only(#{long_schedule => 1}), ?FUNCTION_NAME, Config),
    Large = large(50000),
    Worker = spawn(fun() -> multiply(Large) end),
    emits(Tap, 10),
    exit(Worker, kill),
    Receipt = stop(Tap),
    Who = number(Worker),
    [#{duration_ns := Ns} | _] = [Told || {long_schedule, #{pid := Pid} = Told} <- events(Receipt, [long_schedule]), Pid =:= Who],
    true = Ns >= 1000000.

%% A number whose multiplication takes 2 ms: from OTP 27 on that is a larger one.
large(Bytes) ->
    Large = binary:decode_unsigned(binary:copy(<<255>>, Bytes)),
    Times = [element(1, timer:tc(fun() -> 1 = Large * Large band 1 end)) || _ <- [1, 2, 3]],
    case lists:min(Times) >= 2000 of
        true -> Large;
        false -> large(2 * Bytes)
    end.

multiply(Large) ->
    1 = Large * Large band 1,
    true = erlang:yield(),
    multiply(Large).

%% Nobody reads what the port writes.
busy_port(Config) ->
    Tap = start(system_monitor, only(#{busy_port => true}), ?FUNCTION_NAME, Config),
    Port = open_port({spawn_executable, os:find_executable("sleep")}, [{args, ["60"]}]),
    Writer = spawn(fun() -> [port_command(Port, binary:copy(<<0>>, 1000000)) || _ <- [1, 2, 3]] end),
    emits(Tap, 1),
    Receipt = stop(Tap),
    "#Port<0." ++ Rest = port_to_list(Port),
    {PortNumber, ">"} = string:to_integer(Rest),
    Who = number(Writer),
    [{busy_port, #{pid := Who, port := PortNumber}} | _] = events(Receipt, [busy_port]),
    exit(Writer, kill),
    {os_pid, Sleep} = erlang:port_info(Port, os_pid),
    true = port_close(Port),
    "" = os:cmd("kill " ++ integer_to_list(Sleep)).

%% Long, and short again; before OTP 27 the VM cannot tell, and who asks for it is told so.
long_message_queue(Config) ->
    Opts = only(#{long_message_queue => {5, 50}}),
    case list_to_integer(erlang:system_info(otp_release)) >= 27 of
        true ->
            Tap = start(system_monitor, Opts, ?FUNCTION_NAME, Config),
            Lazy = beamtap_worker:start(),
            Flood = fun() ->
                _ = [self() ! N || N <- lists:seq(1, 1000)],
                receive after 0 -> ok end,
                [receive N -> N end || N <- lists:seq(1, 1000)]
            end,
            [1 | _] = beamtap_worker:does(Lazy, Flood),
            emits(Tap, 2),
            Receipt = stop(Tap),
            Who = number(Lazy),
            [1, 0] = [IsLong || {_, #{pid := Pid, is_long := IsLong}} <- events(Receipt, [long_message_queue]), Pid =:= Who],
            exit(Lazy, kill);
        false ->
            {error, #{reason := bad_option, remedy := Remedy}} = beamtap:start(system_monitor, Opts),
            {_, _} = binary:match(Remedy, <<"OTP 27">>)
    end.

%% What is hard to bring about, as the VM's documentation says it comes.
told_by_hand(Config) ->
    Tap = start(system_monitor, only(#{busy_port => true}), ?FUNCTION_NAME, Config),
    Port = hd(erlang:ports()),
    Self = self(),
    Told = [
        {Self, long_message_queue, true},
        {Self, long_message_queue, false},
        {Self, busy_dist_port, Port},
        {Self, busy_dist_port, Self},
        {Port, long_schedule, [{timeout, 7}, {port_op, output}]},
        {Self, long_schedule, [{timeout, 8}, {in, undefined}, {out, {?MODULE, told_by_hand, 1}}]},
        %% No pid: it cannot be read.
        {none, long_message_queue, true}
    ],
    _ = [beamtap_system_monitor ! {monitor, Who, Event, Info} || {Who, Event, Info} <- Told],
    Receipt = stop(Tap),
    #{unreadable := 1, incomplete := #{<<"long_message_queue">> := #{unreadable := 1}}} = Receipt,
    Who = number(Self),
    [
        {long_message_queue, #{pid := Who, is_long := 1}},
        {long_message_queue, #{pid := Who, is_long := 0}},
        {busy_dist_port, #{pid := Who, connection_kind := 1}},
        {busy_dist_port, #{pid := Who, connection := Who, connection_kind := 0}},
        {port_long_schedule, #{duration_ns := 7000000, operation := Operation}},
        {long_schedule, #{pid := Who, duration_ns := 8000000, in_function := 0, out_function := Function}}
    ] = events(Receipt, [long_message_queue, busy_dist_port, port_long_schedule, long_schedule]),
    [output] = [list_to_atom(Text) || {def_atom, #{atom := Id, text := Text}} <- events(Receipt, [def_atom]), Id =:= Operation],
    ["told_by_hand"] =
        lists:usort([Name || {def_function, #{function := Id, name := Name}} <- events(Receipt, [def_function]), Id =:= Function]).

%%% Samples

%% Idle first, then with more work than there are schedulers.
schedulers(Config) ->
    Tap = start(schedulers, #{sample_every => 100}, ?FUNCTION_NAME, Config),
    EachSample = 2 * (length(erlang:statistics(microstate_accounting)) + 2),
    emits(Tap, 4 * EachSample),
    ok = beamtap:mark(<<"load">>),
    Online = erlang:system_info(schedulers_online),
    Busy = [spawn(fun spin/0) || _ <- lists:seq(1, 3 * Online)],
    {ok, #{traced := Now}} = beamtap:info(Tap),
    emits(Tap, Now + 6 * EachSample),
    ok = beamtap:mark(<<"rest">>),
    _ = [exit(Pid, kill) || Pid <- Busy],
    Receipt = stop(Tap),
    Events = events(Receipt, [scheduler_load, scheduler_states, run_queue, mark]),
    {Idle, [_ | Later]} = lists:splitwith(fun({Name, _}) -> Name =/= mark end, Events),
    Loaded = lists:takewhile(fun({Name, _}) -> Name =/= mark end, Later),
    Shares = fun(Of) -> [BusyNs / Length || {scheduler_load, #{kind := 0, busy_ns := BusyNs, length_ns := Length}} <- Of] end,
    true = lists:all(fun(Share) -> Share >= 0 andalso Share =< 1 end, Shares(Events)),
    true = lists:min(Shares(Idle)) < 0.5,
    true = lists:max(Shares(Loaded)) > 0.9,
    %% Every scheduler of every kind.
    Seen = lists:usort([{Kind, N} || {scheduler_load, #{kind := Kind, scheduler := N}} <- Events]),
    Expected = [
        {Kind, N}
     || {Kind, Item} <- [{0, schedulers}, {1, dirty_cpu_schedulers}, {2, dirty_io_schedulers}],
        N <- lists:seq(1, erlang:system_info(Item))
    ],
    {Expected, Expected} = {Seen, lists:usort([{Kind, N} || {scheduler_states, #{kind := Kind, scheduler := N}} <- Events])},
    %% Who spins is in the emulator, and the others wait.
    true = lists:any(
        fun(#{emulator_ns := Emulator, sleep_ns := Sleep}) -> Emulator > 50000000 andalso Sleep < Emulator end,
        [States || {scheduler_states, #{kind := 0} = States} <- Loaded]
    ),
    true = lists:any(fun(Waiting) -> Waiting >= 1 end, [Waiting || {run_queue, #{kind := 0, waiting := Waiting}} <- Loaded]),
    [{1, 0}, {2, 0}] = lists:usort([{Kind, N} || {run_queue, #{kind := Kind, scheduler := N}} <- Events, Kind > 0]).

spin() -> spin().

allocators(Config) ->
    Tap = start(allocators, #{sample_every => 100}, ?FUNCTION_NAME, Config),
    EachSample = length(erlang:system_info({allocator, binary_alloc})),
    emits(Tap, 10 * EachSample),
    ok = beamtap:mark(<<"hold">>),
    Held = [binary:copy(<<N>>, 4000000) || N <- lists:seq(1, 10)],
    Receipt = stop(Tap),
    10 = length(Held),
    Events = events(Receipt, [allocator, mark]),
    Names = maps:from_list([{Id, list_to_atom(Text)} || {def_atom, #{atom := Id, text := Text}} <- events(Receipt, [def_atom])]),
    Known = erlang:system_info(alloc_util_allocators),
    [] = [Name || Name <- Known, erlang:system_info({allocator, Name}) =/= false] -- maps:values(Names),
    {First, [_ | Later]} = lists:splitwith(fun({Name, _}) -> Name =/= mark end, Events),
    Of = fun(Wanted, From) -> [Held1 || {allocator, #{allocator := Id} = Held1} <- From, map_get(Id, Names) =:= Wanted] end,
    lists:foreach(
        fun(#{mbc_carriers_bytes := Mbc, mbc_blocks_bytes := Blocks, sbc_carriers := Single} = Sample) ->
            #{sbc_carriers_bytes := Sbc, sbc_blocks_bytes := SingleBlocks, created := Created, destroyed := Destroyed} = Sample,
            true = Blocks =< Mbc andalso SingleBlocks =< Sbc andalso (Single > 0) =:= (Sbc > 0) andalso Destroyed =< Created
        end,
        Of(eheap_alloc, Events)
    ),
    %% Binaries of 40 MB have come, in carriers of their own, since they are large; smaller ones may have gone.
    Last = fun(From) ->
        lists:sum(
            maps:values(maps:from_list([{N, Bytes} || #{instance := N, sbc_blocks_bytes := Bytes} <- Of(binary_alloc, From)]))
        )
    end,
    {_, _, true} = {Last(First), Last(Later), Last(Later) >= Last(First) + 30000000}.

%% Shorter than the pace: there is a sample all the same, and it says how long it is.
short_tap(Config) ->
    Tap = start([schedulers, allocators], #{}, ?FUNCTION_NAME, Config),
    #{path := Path} = Receipt = stop(Tap),
    [{_, #{length_ns := Length}} | _] = events(Receipt, [scheduler_load]),
    #{duration_ms := Ms} = Receipt,
    true = Length > 0 andalso Length =< (Ms + 1000) * 1000000,
    [_ | _] = events(Receipt, [allocator]),
    %% And beamtapd tells of it, with nothing missing.
    {ok, Beamtapd} = beamtap_sidecar:find(),
    Report = os:cmd("'" ++ Beamtapd ++ "' report '" ++ unicode:characters_to_list(Path) ++ "'"),
    [] = [Shown || Shown <- ["Schedulers\n", "scheduler 1 ", "Allocators\n", "eheap_alloc "], string:find(Report, Shown) =:= nomatch],
    nomatch = string:find(Report, "INCOMPLETE"),
    {match, _} = re:run(os:cmd("'" ++ Beamtapd ++ "' report --json '" ++ unicode:characters_to_list(Path) ++ "'"), "\"residual\": ?0").

%%% Side by side

one_tap_each(Config) ->
    One = start([schedulers, system_monitor], #{}, one, Config),
    {error, #{reason := traced_by_tap, tap := One}} = beamtap:start(schedulers),
    {error, #{reason := traced_by_tap, tap := One}} = beamtap:start([procs, system_monitor]),
    Two = start([allocators], #{}, two, Config),
    {error, #{reason := traced_by_tap, tap := Two}} = beamtap:add(One, allocators),
    _ = stop(Two),
    {ok, #{classes := [allocators, schedulers, system_monitor]}} = beamtap:add(One, allocators),
    %% What the other tap had is not missing from this one.
    #{path := Path} = Receipt = stop(One),
    [_ | _] = events(Receipt, [allocator]),
    {ok, Beamtapd} = beamtap_sidecar:find(),
    Info = os:cmd("'" ++ Beamtapd ++ "' info --json '" ++ unicode:characters_to_list(Path) ++ "'"),
    {match, _} = re:run(Info, "\"residual\": ?0").

changes(Config) ->
    Tap = start([procs, schedulers], #{}, ?FUNCTION_NAME, Config),
    [Sampler, undefined] = running(),
    {ok, #{classes := [procs, schedulers, system_monitor]}} = beamtap:add(Tap, system_monitor),
    [Sampler, Monitor] = running(),
    %% Nothing costs time.
    {ok, #{state := paused}} = beamtap:pause(Tap),
    [undefined, undefined] = running(),
    #{measuring := Unmeasured} = before(Config),
    #{measuring := Unmeasured} = beamtap_world:snapshot(),
    {ok, #{state := recording}} = beamtap:resume(Tap),
    [Anew, MonitorAnew] = running(),
    true = Anew =/= Sampler andalso MonitorAnew =/= Monitor,
    {ok, #{classes := [procs, system_monitor]}} = beamtap:drop(Tap, schedulers),
    [undefined, MonitorAnew] = running(),
    {ok, #{classes := [procs]}} = beamtap:drop(Tap, system_monitor),
    #{measuring := Unmeasured} = beamtap_world:snapshot(),
    {ok, #{problems := []}} = beamtap:stop(Tap).

running() -> [whereis(beamtap_schedulers), whereis(beamtap_system_monitor)].

%% Before OTP 28 there is one monitor: somebody else's is left alone.
foreign_monitor(Config) ->
    Foreign = beamtap_worker:start(),
    register(beamtap_sampler_suite_foreign, Foreign),
    undefined = erlang:system_monitor(Foreign, [{long_gc, 123456}]),
    Theirs = erlang:system_monitor(),
    case has_many_monitors() of
        true ->
            {ok, #{problems := []}} = beamtap:stop(start(system_monitor, #{}, ?FUNCTION_NAME, Config));
        false ->
            {error, #{reason := monitored_by_others, message := Message}} = beamtap:start(system_monitor),
            {_, _} = binary:match(Message, <<"beamtap_sampler_suite_foreign">>),
            Tap = start(procs, #{}, ?FUNCTION_NAME, Config),
            {error, #{reason := monitored_by_others}} = beamtap:add(Tap, system_monitor),
            {ok, #{classes := [procs]}} = beamtap:info(Tap),
            {ok, #{problems := []}} = beamtap:stop(Tap)
    end,
    {Theirs, Theirs} = {erlang:system_monitor(), erlang:system_monitor(undefined)},
    exit(Foreign, kill).

%% Somebody else sets the monitor while the tap runs: the tap says so, and does not take it away.
taken_over(Config) ->
    Tap = start(system_monitor, #{}, ?FUNCTION_NAME, Config),
    Self = self(),
    _ = erlang:system_monitor(Self, [busy_port]),
    {ok, #{problems := Problems}} = beamtap:stop(Tap),
    case has_many_monitors() of
        true ->
            [] = Problems;
        false ->
            [Problem] = Problems,
            {_, _} = binary:match(Problem, <<"somebody else took it over">>)
    end,
    {Self, [busy_port]} = erlang:system_monitor(undefined),
    ok.

has_many_monitors() ->
    beamtap_vm:has_sessions() andalso erlang:function_exported(trace, system, 3).

%% More messages than can be recorded end the monitor before they fill the memory; the tap goes on.
overload(Config) ->
    Tap = start([system_monitor, procs], #{}, ?FUNCTION_NAME, Config),
    Receiver = whereis(beamtap_system_monitor),
    Monitor = monitor(process, Receiver),
    true = erlang:suspend_process(Receiver),
    _ = [Receiver ! {monitor, self(), long_message_queue, true} || _ <- lists:seq(1, 20000)],
    true = erlang:resume_process(Receiver),
    receive
        {'DOWN', Monitor, process, Receiver, Reason} -> {shutdown, overload} = Reason
    end,
    #{measuring := Unmeasured} = before(Config),
    #{measuring := Unmeasured} = beamtap_world:snapshot(),
    {ok, #{state := recording}} = beamtap:info(Tap),
    {ok, #{problems := [Problem]} = Receipt} = beamtap:stop(Tap),
    {_, _} = binary:match(Problem, <<"faster than they could be recorded">>),
    agrees(Receipt).

%% Microstate accounting is the node's: where it was on, it stays on.
foreign_accounting(Config) ->
    false = erlang:system_flag(microstate_accounting, true),
    #{measuring := Measured} = beamtap_world:snapshot(),
    _ = stop(start(schedulers, #{}, ?FUNCTION_NAME, Config)),
    #{measuring := Measured} = beamtap_world:snapshot(),
    true = erlang:system_flag(microstate_accounting, false).

%% However a tap ends, or what records for it.
nothing_stays(Config) ->
    Classes = [system_monitor, schedulers, allocators],
    Names = [beamtap_system_monitor, beamtap_schedulers, beamtap_allocators],
    lists:foreach(
        fun(How) ->
            Owner = beamtap_worker:start(),
            Tap = start(Classes, #{owner => Owner}, How, Config),
            #{measuring := Measuring} = beamtap_world:snapshot(),
            false = map_get(measuring, before(Config)) =:= Measuring,
            Pids = [whereis(Name) || Name <- Names],
            true = lists:all(fun is_pid/1, Pids),
            Problems = ended(How, Tap, Owner, Pids),
            beamtap_world:settled(before(Config)),
            [undefined, undefined, undefined] = [whereis(Name) || Name <- Names],
            {How, Problems} = {How, length(problems(Tap))},
            exit(Owner, kill)
        end,
        [stopped, owner_killed, session_killed, cleared, clear_suspended, processes_killed, application_stopped]
    ).

%% How many problems the receipt is to tell.
ended(stopped, Tap, _, _) ->
    {ok, _} = beamtap:stop(Tap),
    0;
ended(owner_killed, _, Owner, _) ->
    exit(Owner, kill),
    0;
ended(session_killed, _, _, _) ->
    exit(hd(beamtap_ledger:sessions()), kill),
    0;
ended(cleared, _, _, _) ->
    {ok, [_]} = beamtap:clear(),
    0;
ended(clear_suspended, _, _, _) ->
    ok = sys:suspend(hd(beamtap_ledger:sessions())),
    {ok, [_]} = beamtap:clear(),
    0;
ended(processes_killed, Tap, _, Pids) ->
    _ = [exit(Pid, kill) || Pid <- Pids],
    beamtap_world:until(fun() ->
        #{measuring := Now} = beamtap_world:snapshot(),
        Now =:= {undefined, false, false, false} orelse Now
    end),
    {ok, #{state := recording}} = beamtap:info(Tap),
    {ok, _} = beamtap:stop(Tap),
    3;
ended(application_stopped, _, _, _) ->
    ok = application:stop(beamtap),
    {ok, _} = application:ensure_all_started(beamtap),
    0.

problems(Tap) ->
    case beamtap:stop(Tap) of
        {ok, #{problems := Problems}} -> Problems;
        %% The application forgets.
        {error, #{reason := unknown_tap}} -> []
    end.

%%% Within

%% Thresholds without which nothing is told.
only(Thresholds) ->
    Nothing = #{
        long_gc => false,
        long_schedule => false,
        large_heap => false,
        long_message_queue => false,
        busy_port => false,
        busy_dist_port => false
    },
    #{system_monitor => maps:merge(Nothing, Thresholds)}.

start(Spec, Opts, Case, Config) ->
    {ok, Tap} = beamtap:start(Spec, Opts#{output => beamtap_world:scratch(Case, Config), for => maps:get(for, Opts, infinity)}),
    Tap.

%% Ends the tap; nothing went wrong, and what was counted is in the trace.
stop(Tap) ->
    {ok, #{problems := [], discarded := 0, lost := 0} = Receipt} = beamtap:stop(Tap),
    agrees(Receipt),
    Receipt.

agrees(#{events := All, path := Path}) ->
    Recorded = beamtap_world:recorded(Path),
    Events = maps:remove(<<"canary">>, All),
    {[], []} = {maps:to_list(Events) -- maps:to_list(Recorded), maps:to_list(Recorded) -- maps:to_list(Events)}.

events(#{path := Path}, Names) ->
    beamtap_world:events(Path, Names).
