%% Taps with a real LTTng: what they record, how they end, and that nothing stays behind.
-module(beamtap_tap_SUITE).

-export([all/0, groups/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_group/2, end_per_group/2]).
-export([init_per_testcase/2, end_per_testcase/2]).
-export([stop/1, stopped_while_it_opens/1, not_waited_for/1, owner_exit/1, session_killed/1, cleared/1, clear_suspended_session/1, application_stopped/1]).
-export([event_bound/1, rate_bound/1, deadline/1, deadline_of_slow_start/1, several_taps/1, sum_beside_another_tap/1, changes/1, random_sequences/1, estimate/1, cost/1, counts_agree/1, counts_agree_when_discarding/1]).
-export([returns_and_exceptions/1, exception_under_return/1, guards/1, classes/1, targets/1, groups_of_processes/1, port_targets/1, inheritance/1]).
-export([bad_output/1, failed_start_leaves_nothing/1, own_processes_left_alone/1]).
-export([report/1, report_options/1, events/1, doctor_fits_the_terminal/1]).
%% Traced
-export([work/1, fail/0, catches/0]).
-export([init/1, handle_call/3, handle_cast/2]).

-import(beamtap_sessiond, [before/1]).

suite() -> [{timetrap, {minutes, 2}}].

%% A daemon that beamtap has to start and to end itself, and one that is there; the latter is quicker, since
%% liblttng-ust looks for a new daemon only every 5 s after one has ended.
all() -> [{group, own_daemon}, {group, running_daemon}].

groups() ->
    [
        {own_daemon, [stop, application_stopped, failed_start_leaves_nothing]},
        {running_daemon, [
            stop,
            stopped_while_it_opens,
            not_waited_for,
            owner_exit,
            session_killed,
            cleared,
            clear_suspended_session,
            event_bound,
            rate_bound,
            deadline,
            deadline_of_slow_start,
            several_taps,
            sum_beside_another_tap,
            changes,
            random_sequences,
            estimate,
            cost,
            counts_agree,
            counts_agree_when_discarding,
            returns_and_exceptions,
            exception_under_return,
            guards,
            classes,
            targets,
            groups_of_processes,
            port_targets,
            inheritance,
            bad_output,
            own_processes_left_alone,
            report,
            report_options,
            events,
            doctor_fits_the_terminal
        ]}
    ].

init_per_group(own_daemon, Config) ->
    %% None is kept for the next tap, however many taps this VM has seen: see beamtap_daemon_SUITE for those.
    ok = application:set_env(beamtap, keep_daemon, 0),
    Config;
init_per_group(running_daemon, Config) ->
    beamtap_sessiond:warm(Config).

end_per_group(own_daemon, _) ->
    application:unset_env(beamtap, keep_daemon);
end_per_group(running_daemon, Config) ->
    beamtap_sessiond:stop(Config).

init_per_suite(Config) -> beamtap_sessiond:begin_without_daemon(Config).

end_per_suite(_) ->
    application:stop(beamtap).

init_per_testcase(_, Config) -> beamtap_sessiond:begin_case(Config).

end_per_testcase(_, Config) -> beamtap_sessiond:end_case(Config).

%%% How taps end

stop(Config) ->
    Tap = start([{?MODULE, work, 1}, procs], #{}, ?FUNCTION_NAME, Config),
    {ok, #{state := recording, functions := 1}} = beamtap:info(Tap),
    false = before(Config) =:= beamtap_world:snapshot(),
    15 = work(5),
    {ok, Receipt} = beamtap:stop(Tap),
    #{ended_by := stop, problems := [], discarded := 0, lost := 0} = Receipt,
    #{events := #{<<"call">> := 6}, path := Path} = Receipt,
    beamtap_world:settled(before(Config)),
    agrees(Receipt, beamtap_world:recorded(Path)),
    %% A second time says the same.
    {ok, Receipt} = beamtap:stop(Tap),
    {ok, #{state := ended, ended_by := stop}} = beamtap:info(Tap),
    true = lists:any(fun(#{tap := Known}) -> Known =:= Tap end, beamtap:info()),
    {error, #{reason := unknown_tap}} = beamtap:stop({tap, 987654321}).

%% A stop is heard before the next step.
stopped_while_it_opens(Config) ->
    {Starter, Stopper, _} = begun(fun(Session) -> beamtap_session:stop(Session, stop) end, ?FUNCTION_NAME, Config),
    {ok, #{ended_by := stop, facts := #{problems := []}}} = answer(Stopper),
    {error, #{reason := ended}} = answer(Starter),
    beamtap_world:settled(before(Config)).

%% Where a start is not answered in time, there is no tap that nobody knows of.
not_waited_for(Config) ->
    {Starter, Suspender, Session} = begun(fun sys:suspend/1, ?FUNCTION_NAME, Config),
    ok = answer(Suspender),
    {error, #{reason := timeout}} = answer(Starter),
    ok = sys:resume(Session),
    beamtap_world:until(fun() -> beamtap_ledger:sessions() =:= [] end),
    beamtap_world:settled(before(Config)).

%% Begins a tap whose session has Meanwhile done to it before its first step.
begun(Meanwhile, Case, Config) ->
    Opts = #{output => beamtap_world:scratch(Case, Config), owner => self()},
    ok = sys:suspend(beamtap_janitor),
    Starter = spawn_monitor(fun() -> exit(beamtap:start({?MODULE, work, 1}, Opts)) end),
    beamtap_world:until(fun() -> length(beamtap_ledger:sessions()) =:= 1 end),
    Session = session(),
    Doer = spawn_monitor(fun() -> exit(Meanwhile(Session)) end),
    beamtap_world:until(fun() -> {message_queue_len, 1} =:= process_info(Session, message_queue_len) end),
    ok = sys:resume(beamtap_janitor),
    {Starter, Doer, Session}.

answer({Pid, Monitor}) ->
    receive
        {'DOWN', Monitor, process, Pid, Answer} -> Answer
    end.

owner_exit(Config) ->
    Owner = beamtap_worker:start(),
    Tap = start([{?MODULE, work, 1}], #{owner => Owner}, ?FUNCTION_NAME, Config),
    1 = work(1),
    ends_when(fun() -> exit(Owner, kill) end),
    {ok, #{ended_by := owner, problems := []} = Receipt} = beamtap:stop(Tap),
    {error, #{reason := ended, message := Message, ended_by := owner, remedy := <<"name a longer-lived one: #{owner => whereis(init)}">>}} =
        beamtap:pause(Tap),
    {match, _} = re:run(Message, "has ended: the process that started it has exited$"),
    agrees(Receipt, beamtap_world:recorded(maps:get(path, Receipt))),
    beamtap_world:settled(before(Config)).

session_killed(Config) ->
    Tap = start([{?MODULE, work, 1}, running, garbage_collection], #{}, ?FUNCTION_NAME, Config),
    1 = work(1),
    ends_when(fun() -> exit(session(), kill) end),
    {ok, #{ended_by := killed}} = beamtap:stop(Tap),
    beamtap_world:settled(before(Config)),
    %% And the next one works.
    Next = start([{?MODULE, work, 1}], #{}, after_kill, Config),
    1 = work(1),
    {ok, #{events := #{<<"call">> := 2}}} = beamtap:stop(Next).

cleared(Config) ->
    Tap = start([{?MODULE, '_', '_'}, procs], #{}, ?FUNCTION_NAME, Config),
    {ok, [#{tap := Tap, ended_by := clear, problems := []}]} = beamtap:clear(),
    beamtap_world:settled(before(Config)),
    {ok, []} = beamtap:clear().

clear_suspended_session(Config) ->
    Tap = start([{?MODULE, '_', '_'}, procs], #{}, ?FUNCTION_NAME, Config),
    Session = session(),
    ok = sys:suspend(Session),
    #{flags := Flags, patterns := Patterns} = before(Config),
    Clearing = spawn_monitor(fun() -> beamtap:clear() end),
    %% Flags and patterns go although the session does not answer; the rest waits for it.
    beamtap_world:until(fun() ->
        #{flags := F, patterns := P} = beamtap_world:snapshot(),
        {F, P} =:= {Flags, Patterns} orelse {F, P}
    end),
    true = is_process_alive(Session),
    exit(Session, kill),
    receive
        {'DOWN', Monitor, process, Pid, normal} when {Pid, Monitor} =:= Clearing -> ok
    end,
    {ok, #{ended_by := killed}} = beamtap:stop(Tap),
    beamtap_world:settled(before(Config)).

application_stopped(Config) ->
    _ = start([{?MODULE, '_', '_'}, procs], #{}, ?FUNCTION_NAME, Config),
    ok = application:stop(beamtap),
    beamtap_world:settled(before(Config)),
    {ok, []} = beamtap:clear().

event_bound(Config) ->
    Tap = start([{?MODULE, work, 1}], #{events => 1000}, ?FUNCTION_NAME, Config),
    ends_when(fun() -> work(100000) end),
    {ok, #{ended_by := events, problems := [], events := #{<<"call">> := Calls}} = Receipt} = beamtap:stop(Tap),
    true = Calls =< 1000,
    agrees(Receipt, beamtap_world:recorded(maps:get(path, Receipt))),
    beamtap_world:settled(before(Config)).

%% A second's worth at once, and what is earned until it is spent.
rate_bound(Config) ->
    Tap = start([{?MODULE, work, 1}], #{rate => 1000, events => infinity}, ?FUNCTION_NAME, Config),
    ends_when(fun() -> work(200000) end),
    {ok, #{ended_by := rate, problems := [], suppressed := Over} = Receipt} = beamtap:stop(Tap),
    #{events := #{<<"call">> := Calls}, unreadable := 0, incomplete := Incomplete} = Receipt,
    true = Calls >= 1000 - 3 * 64,
    true = Calls < 200000,
    %% The call that found nothing left.
    #{<<"call">> := #{suppressed := Over}} = Incomplete,
    true = Over >= 1,
    agrees(Receipt, beamtap_world:recorded(maps:get(path, Receipt))),
    beamtap_world:settled(before(Config)).

deadline(Config) ->
    Tap = start([{?MODULE, work, 1}], #{for => 50}, ?FUNCTION_NAME, Config),
    beamtap_world:until(fun() ->
        {ok, #{state := State}} = beamtap:info(Tap),
        State =:= ended orelse State
    end),
    {ok, #{ended_by := deadline, problems := [], duration_ms := Ms}} = beamtap:stop(Tap),
    {error, #{reason := ended, ended_by := deadline, remedy := <<"give the next one more: #{for => Milliseconds}">>}} = beamtap:add(Tap, procs),
    true = Ms >= 50,
    beamtap_world:settled(before(Config)).

%% The time counts from the moment it records: a start that takes longer than the whole tap is none that fails.
deadline_of_slow_start(Config) ->
    Holder = beamtap_worker:start(),
    Holds = spawn_monitor(fun() -> beamtap_worker:does(Holder, fun held_until_told/0) end),
    beamtap_world:until(fun() -> global:trans({beamtap_ledger, self()}, fun() -> free end, [node()], 0) =:= aborted end),
    Opts = #{for => 5, output => beamtap_world:scratch(?FUNCTION_NAME, Config), owner => self()},
    Starter = spawn_monitor(fun() -> exit(beamtap:start({?MODULE, work, 1}, Opts)) end),
    beamtap_world:until(fun() ->
        [armed] =:= [State || S <- beamtap_ledger:sessions(), Slot <- beamtap_nif:taps_of(S), #{state := State} <- [beamtap_nif:tap_info(Slot)]]
    end),
    Armed = erlang:monotonic_time(millisecond),
    beamtap_world:until(fun() -> erlang:monotonic_time(millisecond) > Armed + 100 end),
    Holder ! go_on,
    _ = answer(Holds),
    {ok, Tap} = answer(Starter),
    beamtap_world:until(fun() ->
        {ok, #{state := State}} = beamtap:info(Tap),
        State =:= ended orelse State
    end),
    {ok, #{ended_by := deadline, problems := [], duration_ms := Ms}} = beamtap:stop(Tap),
    true = Ms >= 5,
    beamtap_world:settled(before(Config)).

held_until_told() ->
    beamtap_ledger:locked(fun() ->
        receive
            go_on -> ok
        end
    end).

%% Taps side by side: each has its own processes; a function stays traced as long as one of them asks for it.
several_taps(Config) ->
    [One, Two, Three] = [beamtap_worker:start() || _ <- lists:seq(1, 3)],
    Calls = fun() -> [beamtap_worker:does(Pid, fun() -> work(0) end) || Pid <- [One, Two, Three]] end,
    First = start(#{functions => {?MODULE, work, 1}, targets => One}, #{}, several_first, Config),
    Second = start(#{functions => [{?MODULE, work, 1}, {?MODULE, fail, 0}], targets => Two}, #{}, several_second, Config),
    _ = Calls(),
    %% A process stays with the tap that has it.
    {error, #{reason := traced_by_tap, tap := First}} =
        beamtap:start(#{functions => {?MODULE, work, 1}, targets => [Three, One]}),
    Third = start(#{functions => {?MODULE, work, 1}, targets => existing}, #{}, several_third, Config),
    {ok, #{processes := #{left := 2}}} = beamtap:info(Third),
    {ok, #{traced := 1}} = beamtap:info(First),
    {ok, _} = beamtap:stop(Third),
    {ok, #{events := #{<<"call">> := 2}, problems := []}} = beamtap:stop(First),
    _ = Calls(),
    {ok, #{traced := 2}} = beamtap:info(Second),
    {ok, #{events := #{<<"call">> := 3}, problems := [], path := Path} = Receipt} = beamtap:stop(Second),
    agrees(Receipt, beamtap_world:recorded(Path)),
    beamtap_world:settled(before(Config)),
    %% Two that want all processes to come cannot both have them.
    All = start(procs, #{}, several_all, Config),
    {error, #{reason := traced_by_tap, tap := All, remedy := Remedy}} = beamtap:start([procs, running]),
    {_, _} = binary:match(Remedy, <<"beamtap:add({tap,">>),
    {ok, [#{ended_by := clear}]} = beamtap:clear(),
    _ = [exit(Pid, kill) || Pid <- [One, Two, Three]],
    ok.

%% The sum of a trace holds, whatever another tap emits meanwhile.
sum_beside_another_tap(Config) ->
    [One, Two] = [beamtap_worker:start(), beamtap_worker:start()],
    First = start(#{functions => {?MODULE, work, 1}, targets => One}, #{}, sum_first, Config),
    Second = start(#{classes => [procs, send], targets => Two}, #{}, sum_second, Config),
    _ = [beamtap_worker:does(Pid, fun() -> work(5), exit(spawn(fun() -> ok end), kill) end) || Pid <- [One, Two]],
    {ok, #{events := #{<<"spawn">> := 1}, problems := []}} = beamtap:stop(Second),
    {ok, #{events := #{<<"call">> := 6} = Events, problems := [], path := Path} = Receipt} = beamtap:stop(First),
    false = is_map_key(<<"spawn">>, Events),
    agrees(Receipt, beamtap_world:recorded(Path)),
    {ok, Beamtapd} = beamtap_sidecar:find(),
    Info = os:cmd("'" ++ Beamtapd ++ "' info --json '" ++ unicode:characters_to_list(Path) ++ "'"),
    {match, _} = re:run(Info, "\"residual\": ?0"),
    _ = [exit(Pid, kill) || Pid <- [One, Two]],
    ok.

%% What is traced changes while the tap runs.
changes(Config) ->
    [One, Two] = [beamtap_worker:start(), beamtap_worker:start()],
    Calls = fun(N) -> [beamtap_worker:does(Pid, fun() -> work(N), catch ?MODULE:fail() end) || Pid <- [One, Two]] end,
    Tap = start(#{functions => {?MODULE, work, 1}, targets => One}, #{}, ?FUNCTION_NAME, Config),
    Emits = fun(Count, N) ->
        {ok, #{traced := Before}} = beamtap:info(Tap),
        _ = Calls(N),
        {ok, #{traced := After}} = beamtap:info(Tap),
        {Count, Count} = {Count, After - Before}
    end,
    Emits(1, 0),
    {ok, #{functions := 2}} = beamtap:add(Tap, {?MODULE, fail, 0}),
    Emits(2, 0),
    {ok, #{targets := [_, _]}} = beamtap:add(Tap, #{targets => Two}),
    Emits(4, 0),
    {ok, #{functions := 1}} = beamtap:drop(Tap, {?MODULE, work, 1}),
    Emits(2, 0),
    %% With arguments, and with their returns.
    {ok, #{functions := 2}} = beamtap:add(Tap, "beamtap_tap_SUITE:work(N) when N > 1 -> return"),
    Emits(2 + 2 * 2 * 2, 3),
    %% Out of a wider pattern.
    {ok, #{functions := Many}} = beamtap:add(Tap, {?MODULE, '_', '_'}),
    {ok, #{functions := Fewer}} = beamtap:drop(Tap, [{?MODULE, work, 1}, {?MODULE, fail, 0}]),
    Fewer = Many - 2,
    {ok, #{functions := 0}} = beamtap:drop(Tap, {?MODULE, '_', '_'}),
    {ok, #{functions := 2}} = beamtap:add(Tap, [{?MODULE, work, 1}, {?MODULE, fail, 0}]),
    {ok, #{state := paused}} = beamtap:pause(Tap),
    Emits(0, 0),
    {ok, #{state := recording}} = beamtap:resume(Tap),
    Emits(4, 0),
    {ok, #{targets := [One]}} = beamtap:drop(Tap, #{targets => Two}),
    Emits(2, 0),
    {ok, #{classes := [call, procs]}} = beamtap:add(Tap, procs),
    link(One),
    unlink(One),
    {ok, #{classes := [call]}} = beamtap:drop(Tap, procs),
    Two ! {do, self(), fun() -> link(One), unlink(One) end},
    receive
        {done, Two, _} -> ok
    end,
    {error, #{reason := no_match}} = beamtap:add(Tap, {?MODULE, no_such_function, 1}),
    {error, #{reason := no_process}} = beamtap:add(Tap, #{targets => no_such_name}),
    {error, #{reason := empty_spec}} = beamtap:add(Tap, #{}),
    {ok, #{events := Events, problems := [], path := Path} = Receipt} = beamtap:stop(Tap),
    #{<<"getting_linked">> := 1, <<"getting_unlinked">> := 1} = Events,
    agrees(Receipt, beamtap_world:recorded(Path)),
    {error, #{reason := ended}} = beamtap:pause(Tap),
    {error, #{reason := unknown_tap}} = beamtap:add({tap, 987654321}, procs),
    _ = [exit(Pid, kill) || Pid <- [One, Two]],
    ok.

%% Whatever is done in whatever order: nothing of ours is left in the end, and nothing of others' was touched.
random_sequences(Config) ->
    ok = beamtap_seed:new(?FUNCTION_NAME),
    Foreign = beamtap_worker:start(),
    1 = erlang:trace(Foreign, true, [procs, set_on_spawn]),
    1 = erlang:trace_pattern({ordsets, union, 2}, [{'_', [], []}], [local]),
    Before = beamtap_world:snapshot(),
    lists:foreach(fun(N) -> random_sequence(N, Foreign, Before, Config) end, lists:seq(1, 4)),
    1 = erlang:trace_pattern({ordsets, union, 2}, false, [local]),
    1 = erlang:trace(Foreign, false, [all]),
    exit(Foreign, kill).

random_sequence(N, Foreign, Before, Config) ->
    Pids = [Foreign | [beamtap_worker:start() || _ <- lists:seq(1, 3)]],
    Owners = [beamtap_worker:start() || _ <- lists:seq(1, 2)],
    Acts = [
        beamtap_seed:one_of([start, start, add, drop, pause, resume, stop, owner, session, reload, work, foreign])
     || _ <- lists:seq(1, 12)
    ],
    ct:log("~p: ~p", [N, Acts]),
    put(theirs, []),
    _ = lists:foldl(fun(Act, Taps) -> act(Act, Taps, Pids, Owners, Config) end, [], Acts),
    {ok, _} = beamtap:clear(),
    %% Those that somebody else has traced meanwhile still are, by the same.
    Tracer = self(),
    Theirs = lists:usort(erase(theirs)),
    [] = [
        {Pid, Traced}
     || Pid <- Theirs,
        Traced <- [{erlang:trace_info(Pid, tracer), erlang:trace_info(Pid, flags)}],
        Traced =/= {{tracer, Tracer}, {flags, [procs]}},
        is_process_alive(Pid)
    ],
    _ = [catch erlang:trace(Pid, false, [procs]) || Pid <- Theirs],
    beamtap_world:settled(Before),
    _ = [exit(Pid, kill) || Pid <- tl(Pids) ++ Owners],
    ok.

act(start, Taps, Pids, Owners, Config) ->
    Alive = [Owner || Owner <- [self() | Owners], is_process_alive(Owner)],
    Opts = #{output => beamtap_world:scratch(random, Config), owner => beamtap_seed:one_of(Alive)},
    case beamtap:start(random_spec(Pids), Opts) of
        {ok, Tap} -> [Tap | Taps];
        {error, #{reason := Reason}} when Reason =:= traced_by_tap; Reason =:= traced_by_others -> Taps
    end;
act(owner, Taps, _, Owners, _) ->
    exit(beamtap_seed:one_of(Owners), kill),
    Taps;
act(session, Taps, _, _, _) ->
    _ = [exit(Session, kill) || Session <- lists:sublist(beamtap_ledger:sessions(), 1)],
    Taps;
act(reload, Taps, _, _, _) ->
    _ = [{module, M} = code:load_file(M) || M <- [xref_utils, beamtap_vm, beamtap_match], not erlang:check_old_code(M) orelse code:soft_purge(M)],
    Taps;
%% Somebody else traces all that are not traced by another, the whole node. A process whose tracer has just ended keeps its
%% flags for whoever traces it next, and nobody can tell then whose they are: so not in the 0.2 ms that it takes to clean up
%% after a tap that was killed.
act(foreign, Taps, [Foreign | _], _, _) ->
    beamtap_world:until(fun() -> [] =:= [Dead || Dead <- beamtap_ledger:sessions(), not is_process_alive(Dead)] end),
    true = erlang:trace(existing_processes, true, [procs]) > 0,
    Tracer = self(),
    put(theirs, [Pid || Pid <- processes() -- [Foreign], erlang:trace_info(Pid, tracer) =:= {tracer, Tracer}] ++ get(theirs)),
    Taps;
act(work, Taps, Pids, _, _) ->
    _ = [beamtap_worker:does(Pid, fun() -> work(3) end) || Pid <- Pids],
    Taps;
act(_, [], _, _, _) ->
    [];
act(Change, Taps, Pids, _, _) ->
    Tap = beamtap_seed:one_of(Taps),
    Answer =
        case Change of
            add -> beamtap:add(Tap, random_spec(Pids));
            drop -> beamtap:drop(Tap, random_spec(Pids));
            pause -> beamtap:pause(Tap);
            resume -> beamtap:resume(Tap);
            stop -> beamtap:stop(Tap)
        end,
    case Answer of
        {ok, _} -> Taps;
        {error, #{reason := Reason}} when Reason =:= traced_by_tap; Reason =:= traced_by_others; Reason =:= ended -> Taps
    end.

random_spec(Pids) ->
    Functions = beamtap_seed:one_of([[], [{?MODULE, work, 1}], [{?MODULE, '_', '_'}], ["beamtap_tap_SUITE:work(A) when A > 1 -> return"]]),
    Classes = beamtap_seed:one_of([[procs], [procs, running], [send, 'receive'], [procs, set_on_spawn]]),
    Targets = beamtap_seed:one_of([all, existing, new, [beamtap_seed:one_of(Pids)], [beamtap_seed:one_of(Pids), beamtap_seed:one_of(Pids)]]),
    #{functions => Functions, classes => Classes, targets => Targets}.

%% Counted, not recorded, and nothing is left.
%% Measured, and in its units.
cost(Config) ->
    Tap = start(#{functions => {?MODULE, work, 1}, targets => self()}, #{}, ?FUNCTION_NAME, Config),
    _ = [work(N) || N <- lists:seq(1, 2000)],
    {ok, #{ns_per_event := Ns, scheduler_share := Share, duration_ms := Ms, events := Events}} = beamtap:stop(Tap),
    #{<<"call">> := Calls} = Events,
    true = is_float(Ns) andalso Ns > 1.0 andalso Ns < 1.0e6,
    %% Milliseconds are whole in the receipt.
    Schedulers = erlang:system_info(schedulers_online),
    true = Share > Calls * Ns / ((Ms + 1) * 1.0e6 * Schedulers) * 0.999,
    true = Ms < 2 orelse Share < Calls * Ns / ((Ms - 1) * 1.0e6 * Schedulers) * 1.001,
    Idle = start(#{functions => {?MODULE, work, 1}, targets => self()}, #{}, ?FUNCTION_NAME, Config),
    {ok, #{ns_per_event := unknown, scheduler_share := unknown}} = beamtap:stop(Idle).

estimate(Config) ->
    Worker = beamtap_worker:start(),
    Busy = spawn_link(fun() -> keep_calling(Worker) end),
    {ok, Estimate} = beamtap:estimate(#{functions => {?MODULE, work, 1}, targets => Worker}, #{for => 300}),
    unlink(Busy),
    exit(Busy, kill),
    ct:log("~p", [Estimate]),
    #{events_per_second := PerSecond, ns_per_event := Ns, scheduler_share := Share, functions := 1} = Estimate,
    #{events := #{<<"call">> := PerSecond}, bytes_per_second := Bytes} = Estimate,
    true = PerSecond > 0 andalso Ns > 0 andalso Share > 0 andalso Bytes > 0,
    beamtap_world:until(fun() -> beamtap_ledger:sessions() =:= [] end),
    {error, #{reason := bad_pattern}} = beamtap:estimate("lists:seq/x"),
    beamtap_world:settled(before(Config)),
    exit(Worker, kill).

keep_calling(Worker) ->
    _ = beamtap_worker:does(Worker, fun() -> work(10) end),
    keep_calling(Worker).

%%% What taps record

counts_agree(Config) ->
    Tap = start(
        [{?MODULE, work, 1}, procs, running, garbage_collection, send, 'receive', exiting],
        #{events => infinity},
        ?FUNCTION_NAME,
        Config
    ),
    Workers = [spawn_monitor(fun() -> busy(200) end) || _ <- lists:seq(1, 20)],
    all_down(Workers),
    {ok, #{events := #{<<"call">> := Calls, <<"spawn">> := Spawned}} = Receipt} = beamtap:stop(Tap),
    Calls = 20 * 200 * 21,
    true = Spawned >= 20,
    #{discarded := 0, lost := 0, problems := []} = Receipt,
    agrees(Receipt, beamtap_world:recorded(maps:get(path, Receipt))).

%% emitted = recorded + discarded, whatever the size of the buffers.
counts_agree_when_discarding(Config) ->
    Tap = start(
        [{?MODULE, work, 1}], #{events => infinity, subbuf_size => 4096, num_subbuf => 2}, ?FUNCTION_NAME, Config
    ),
    Workers = [spawn_monitor(fun() -> work(200000) end) || _ <- lists:seq(1, 4)],
    all_down(Workers),
    {ok, #{events := Events, discarded := Discarded, lost := 0} = Receipt} = beamtap:stop(Tap),
    #{<<"call">> := 800004} = Events,
    ct:log("~p", [Receipt]),
    true = Discarded > 0,
    Recorded = beamtap_world:recorded(maps:get(path, Receipt)),
    Emitted = lists:sum(maps:values(Events)),
    Emitted = lists:sum(maps:values(Recorded)) + Discarded,
    %% Only events were lost, no definitions.
    agrees(
        Receipt#{events := maps:remove(<<"call">>, Events)}, maps:remove(<<"call">>, Recorded)
    ).

returns_and_exceptions(Config) ->
    Tap = start(
        [{{?MODULE, work, 1}, return}, {{?MODULE, fail, 0}, exception}], #{}, ?FUNCTION_NAME, Config
    ),
    3 = work(2),
    {'EXIT', {failed, _}} = (catch ?MODULE:fail()),
    {ok, #{events := Events} = Receipt} = beamtap:stop(Tap),
    #{<<"call">> := 4, <<"return_from">> := 3, <<"exception_from">> := 1} = Events,
    agrees(Receipt, beamtap_world:recorded(maps:get(path, Receipt))).

%% An exception ends the calls that it leaves, also where only returns were asked for: no call stays open.
exception_under_return(Config) ->
    Tap = start(
        [{{?MODULE, catches, 0}, return}, {{?MODULE, fail, 0}, [{'_', [], [{return_trace}]}]}], #{}, ?FUNCTION_NAME, Config
    ),
    _ = [catches() || _ <- lists:seq(1, 3)],
    {ok, #{path := Path, events := Events} = Receipt} = beamtap:stop(Tap),
    #{<<"call">> := 6, <<"return_from">> := 3, <<"exception_from">> := 3} = Events,
    agrees(Receipt, beamtap_world:recorded(Path)),
    {ok, Beamtapd} = beamtap_sidecar:find(),
    Report = os:cmd("'" ++ Beamtapd ++ "' report --json '" ++ unicode:characters_to_list(Path) ++ "'"),
    {match, [["0"], ["0"]]} = re:run(Report, "\"unfinished\": (\\d+)", [global, {capture, all_but_first, list}]),
    {match, Raised} = re:run(Report, "\"raised\": (\\d+)", [global, {capture, all_but_first, list}]),
    [["0"], ["3"]] = lists:sort(Raised).

catches() ->
    catch ?MODULE:fail().

%% Only the calls whose arguments fit; overlapping patterns each get what they ask for.
guards(Config) ->
    Tap = start(
        ["beamtap_tap_SUITE:work(A) when A > 3, A < 6 -> return", "beamtap_tap_SUITE:work(2)", {{?MODULE, fail, 0}, [{'_', [], []}]}],
        #{},
        ?FUNCTION_NAME,
        Config
    ),
    {ok, #{functions := 2}} = beamtap:info(Tap),
    55 = work(10),
    {'EXIT', {failed, _}} = (catch ?MODULE:fail()),
    {ok, #{events := Events}} = beamtap:stop(Tap),
    #{<<"call">> := 4, <<"return_from">> := 2} = Events,
    false = is_map_key(<<"exception_from">>, Events),
    {error, #{reason := bad_pattern, position := 32}} = beamtap:start("beamtap_tap_SUITE:work(A) when B > 3").

%% Only what was asked for is in the trace, and all of it.
classes(Config) ->
    Own = [<<"def_vm">>],
    Expected = [
        {procs, [<<"spawn">>, <<"exit">>], [<<"in">>, <<"call">>, <<"send">>, <<"gc_minor_start">>]},
        {running, [<<"in">>, <<"out">>], [<<"spawn">>, <<"send">>]},
        {send, [<<"send">>], [<<"receive">>, <<"in">>]},
        {'receive', [<<"receive">>], [<<"send">>, <<"in">>]},
        {garbage_collection, [<<"gc_major_start">>, <<"gc_major_end">>], [<<"in">>, <<"spawn">>]},
        {exiting, [<<"out_exited">>], [<<"in">>, <<"exit">>]},
        {[return_to, {?MODULE, work, 1}], [<<"call">>, <<"return_to">>], [<<"in">>, <<"return_from">>]}
    ],
    lists:foreach(
        fun({Class, Present, Absent}) ->
            Tap = start(Class, #{}, list_to_atom(lists:flatten(io_lib:format("~p", [erlang:phash2(Class)]))), Config),
            Worker = spawn_monitor(fun() -> busy(1) end),
            all_down([Worker]),
            {ok, #{events := Events} = Receipt} = beamtap:stop(Tap),
            {Class, []} = {Class, [Event || Event <- Own ++ Present, not is_map_key(Event, Events)]},
            {Class, []} = {Class, [Event || Event <- Absent, is_map_key(Event, Events)]},
            agrees(Receipt, beamtap_world:recorded(maps:get(path, Receipt)))
        end,
        Expected
    ).

targets(Config) ->
    Named = beamtap_worker:start(),
    register(beamtap_tap_suite_named, Named),
    Other = beamtap_worker:start(),
    lists:foreach(
        fun({Case, Targets, Count}) ->
            Tap = start(#{functions => {?MODULE, work, 1}, targets => Targets}, #{}, Case, Config),
            New = beamtap_worker:start(),
            _ = [beamtap_worker:does(Pid, fun() -> work(0) end) || Pid <- [Named, Other, New]],
            {ok, #{events := Events}} = beamtap:stop(Tap),
            {Case, Count} = {Case, maps:get(<<"call">>, Events, 0)},
            exit(New, kill)
        end,
        [
            {by_name, beamtap_tap_suite_named, 1},
            {by_pid, [Other], 1},
            {both, [Other, beamtap_tap_suite_named], 2},
            {new, new, 1},
            {existing, existing, 2},
            {everything, all, 3}
        ]
    ),
    {error, #{reason := no_process}} = beamtap:start(#{classes => procs, targets => no_such_name}),
    exit(Named, kill),
    beamtap_world:until(fun() -> not is_process_alive(Named) end),
    {error, #{reason := no_process}} = beamtap:start(#{classes => procs, targets => Named}),
    {error, #{reason := bad_target}} = beamtap:start(#{classes => procs, targets => beamtap_janitor}).

groups_of_processes(Config) ->
    {ok, Supervisor} = supervisor:start_link({local, beamtap_tap_suite_sup}, ?MODULE, []),
    [{_, Worker, _, _}] = supervisor:which_children(Supervisor),
    lists:foreach(
        fun({Case, Target, Traced, NotTraced}) ->
            Tap = start(#{classes => procs, targets => Target}, #{}, Case, Config),
            {Case, [], []} = {Case, [P || P <- Traced, not is_traced(P)], [P || P <- NotTraced, is_traced(P)]},
            {ok, _} = beamtap:stop(Tap)
        end,
        [
            {by_supervisor, {supervisor, beamtap_tap_suite_sup}, [Supervisor, Worker], [self(), whereis(kernel_sup)]},
            {by_supervisor_pid, {supervisor, Supervisor}, [Supervisor, Worker], [self()]},
            {by_application, {app, kernel}, [whereis(kernel_sup), whereis(rex)], [self(), Worker]},
            {by_callback, {initial_call, {?MODULE, init, 1}}, [Worker], [self(), Supervisor]}
        ]
    ),
    {error, #{reason := no_process}} = beamtap:start(#{classes => procs, targets => {app, no_such_app}}),
    {error, #{reason := no_process}} = beamtap:start(#{classes => procs, targets => {supervisor, no_such_name}}),
    {error, #{reason := no_process}} = beamtap:start(#{classes => procs, targets => {initial_call, {no, such, 1}}}),
    unlink(Supervisor),
    exit(Supervisor, kill),
    beamtap_world:until(fun() -> not is_process_alive(Worker) end).

%% A supervisor and its worker.
init([]) ->
    Worker = #{id => worker, start => {gen_server, start_link, [?MODULE, worker, []]}},
    {ok, {#{}, [Worker]}};
init(worker) ->
    {ok, none}.

handle_call(_, _, State) -> {reply, ok, State}.
handle_cast(_, State) -> {noreply, State}.

port_targets(Config) ->
    {ok, Socket} = gen_udp:open(0),
    Tap = start(#{classes => [ports, running_ports], targets => Socket}, #{}, ?FUNCTION_NAME, Config),
    {ok, #{processes := #{traced := 1}}} = beamtap:info(Tap),
    ok = gen_udp:close(Socket),
    {ok, #{events := Events} = Receipt} = beamtap:stop(Tap),
    true = lists:any(fun(Event) -> binary:match(Event, <<"port">>) =/= nomatch end, maps:keys(Events)),
    agrees(Receipt, beamtap_world:recorded(maps:get(path, Receipt))),
    {error, #{reason := no_process}} = beamtap:start(#{classes => ports, targets => Socket}).

inheritance(Config) ->
    Parent = beamtap_worker:start(),
    Stranger = beamtap_worker:start(),
    Tap = start(#{functions => {?MODULE, work, 1}, classes => set_on_spawn, targets => Parent}, #{}, ?FUNCTION_NAME, Config),
    Child = beamtap_worker:does(Parent, fun beamtap_worker:start/0),
    _ = [beamtap_worker:does(Pid, fun() -> work(0) end) || Pid <- [Child, Stranger]],
    {ok, #{events := #{<<"call">> := 1}}} = beamtap:stop(Tap),
    _ = [exit(Pid, kill) || Pid <- [Parent, Child, Stranger]],
    ok.

%%% Failures

bad_output(Config) ->
    Full = beamtap_world:scratch(?FUNCTION_NAME, Config),
    ok = filelib:ensure_dir(filename:join(Full, "x")),
    ok = file:write_file(filename:join(Full, "x"), "theirs"),
    {error, #{reason := bad_output}} = beamtap:start(procs, #{output => Full}),
    {error, #{reason := bad_output}} = beamtap:start(procs, #{output => filename:join(Full, "x")}),
    {error, #{reason := bad_output}} = beamtap:start(procs, #{output => filename:join([Full, "x", "y"])}),
    {ok, ["x"]} = file:list_dir(Full).

failed_start_leaves_nothing(Config) ->
    Output = beamtap_world:scratch(?FUNCTION_NAME, Config),
    {error, #{reason := no_module}} = beamtap:start("no_such_module_at_all", #{output => Output}),
    {error, #{reason := no_match}} = beamtap:start("lists:no_such_function", #{output => Output}),
    %% A larger buffer than there is shared memory.
    {error, #{reason := shm_too_small}} =
        beamtap:start(procs, #{output => Output, subbuf_size => 1073741824, num_subbuf => 65536}),
    false = filelib:is_dir(Output),
    beamtap_world:settled(before(Config)).

own_processes_left_alone(Config) ->
    _ = start([procs, running], #{}, ?FUNCTION_NAME, Config),
    Own = [beamtap_sup, beamtap_session_sup, beamtap_janitor, user, logger, code_server, init],
    false = is_traced(session()),
    [] = [Name || Name <- Own, Pid <- [whereis(Name)], is_pid(Pid), is_traced(Pid)],
    false = is_traced(group_leader()),
    true = is_traced(self()).

report(Config) ->
    Tap = start([{{?MODULE, work, 1}, return}], #{}, ?FUNCTION_NAME, Config),
    5050 = work(100),
    {error, #{reason := still_running}} = beamtap:report(Tap),
    {ok, #{path := Path}} = beamtap:stop(Tap),
    {ok, Printed} = printed(fun() -> beamtap:report(Tap) end),
    {_, _} = binary:match(Printed, <<"beamtap_tap_SUITE:work/1">>),
    {ok, Printed} = printed(fun() -> beamtap:report(Path) end),
    %% On a terminal, no line but that of the directory is longer than the terminal is wide.
    {ok, Narrow} = printed(fun() -> beamtap:report(Tap) end, 60),
    [_ | Lines] = string:split(Narrow, "\n", all),
    [] = [Line || Line <- Lines, string:length(Line) > 60],
    true = length(Lines) > length(string:split(Printed, "\n", all)),
    %% A receipt will do as well.
    {ok, Receipt} = beamtap:stop(Tap),
    {ok, Printed} = printed(fun() -> beamtap:report(Receipt) end),
    {error, #{reason := unknown_key, message := <<"unknown option jsn; did you mean json?">>}} =
        beamtap:report(Tap, [{jsn, true}]),
    {error, #{reason := bad_option}} = beamtap:report(Tap, #{json => yes}),
    {error, #{reason := bad_shape}} = beamtap:report(Tap, json),
    %% Why there is none is the answer, and not printed besides.
    {{error, #{reason := beamtapd_failed, message := <<"/nonexistent", _/binary>>}}, <<>>} =
        printed(fun() -> beamtap:report("/nonexistent") end),
    {error, #{reason := unknown_tap}} = beamtap:report({tap, 987654321}).

%% What `beamtapd report' can be asked, asked here.
report_options(Config) ->
    Tap = start(["beamtap_tap_SUITE:work/1 -> return", "lists:seq/2 -> return"], #{}, ?FUNCTION_NAME, Config),
    5050 = work(100),
    [1, 2] = lists:seq(1, 2),
    {ok, _} = beamtap:stop(Tap),
    Shown = fun(Opts) ->
        {ok, Text} = printed(fun() -> beamtap:report(Tap, Opts) end),
        [Line || Line <- string:split(Text, "\n", all)]
    end,
    Has = fun(Opts, Word) -> lists:any(fun(Line) -> string:prefix(Line, Word) =/= nomatch end, Shown(Opts)) end,
    [true, true] = [Has(#{}, Table) || Table <- ["Functions", "Processes"]],
    [true, false] = [Has(#{functions => true}, Table) || Table <- ["Functions", "Processes"]],
    [false, true] = [Has([{processes, true}], Table) || Table <- ["Functions", "Processes"]],
    [true, true] = [Has([], Name) || Name <- ["beamtap_tap_SUITE:work/1", "lists:seq/2"]],
    [true, false] = [Has(#{sort => total, top => 1}, Name) || Name <- ["beamtap_tap_SUITE:work/1", "lists:seq/2"]],
    true = Has(#{sort => "total", 'begin' => 0, 'end' => 3600000}, "beamtap_tap_SUITE:work/1"),
    false = Has(#{'begin' => "60m"}, "beamtap_tap_SUITE:work/1"),
    false = Has(#{'begin' => <<"2100-01-01T00:00:00Z">>}, "beamtap_tap_SUITE:work/1"),
    %% What cannot be is told in a line of the answer's, and nothing is printed.
    Wrong = [
        {#{top => 0}, "invalid value 0 for \"top\": expected "},
        {#{top => all}, "invalid value all for \"top\": expected "},
        {#{sort => 7}, "invalid value 7 for \"sort\": expected "},
        {#{sort => <<>>}, "invalid value <<>> for \"sort\": expected "},
        {#{'begin' => -1}, "invalid value -1 for \"begin\": expected "},
        {#{'begin' => now}, "invalid value now for \"begin\": expected "},
        {#{'end' => "soon"}, "invalid value \"soon\" for \"end\": expected "},
        {#{'end' => <<"5s", 0>>}, "invalid value <<53,115,0>> for \"end\": expected "},
        {#{functions => yes}, "invalid value yes for \"functions\": expected "},
        {#{functions => true, processes => true}, "functions and processes exclude each other"}
    ],
    [refused(Begin, printed(fun() -> beamtap:report(Tap, Opts) end)) || {Opts, Begin} <- Wrong],
    {{error, #{message := <<"invalid value slowness for \"sort\": expected a column: ", _/binary>>}}, <<>>} =
        printed(fun() -> beamtap:report(Tap, #{sort => slowness}) end),
    {{error, #{reason := beamtapd_failed}}, _} = printed(fun() -> beamtap:report(Tap, #{'begin' => "2026-13-45T"}) end),
    {error, #{reason := unknown_key, message := <<"unknown option tops; did you mean top?">>}} = beamtap:report(Tap, #{tops => 1}).

%% Lines as watch/1 has them, chosen and bounded.
events(Config) ->
    Worker = spawn_link(fun Loop() -> receive {work, N} -> work(N), Loop() end end),
    Tap = start(#{functions => "beamtap_tap_SUITE:work/1 -> return", targets => [self(), Worker]}, #{}, ?FUNCTION_NAME, Config),
    [0 = work(0) || _ <- lists:seq(1, 600)],
    Worker ! {work, 2},
    beamtap_world:until(fun() -> case beamtap:info(Tap) of {ok, #{traced := N}} when N >= 1206 -> true; {ok, Info} -> Info end end),
    {ok, #{path := Path}} = beamtap:stop(Tap),
    Shown = fun(What, Opts) ->
        {ok, Text} = printed(fun() -> beamtap:events(What, Opts) end),
        string:split(string:trim(unicode:characters_to_list(Text)), "\n", all)
    end,
    %% The worker's six, by name, oldest first.
    Six = Shown(Tap, #{pid => Worker}),
    6 = length(Six),
    [true = string:find(Line, pid_to_list(Worker)) =/= nomatch andalso string:find(Line, "beamtap_tap_SUITE:work/1") =/= nomatch || Line <- Six],
    Six = Shown(Path, [{pid, [pid_to_list(Worker)]}, {last, infinity}]),
    3 = length(Shown(Tap, #{pid => Worker, event => call})),
    [_, _] = Shown(Tap, #{pid => Worker, last => 2}),
    %% In Elixir's form where that face asks.
    Elixir = Shown(Tap, #{pid => "#PID" ++ pid_to_list(Worker), syntax => elixir, last => 1}),
    [ElixirLine] = Elixir,
    true = string:find(ElixirLine, ":beamtap_tap_SUITE.work/1") =/= nomatch,
    %% The last 100, and how to see more.
    Last = Shown(Tap, #{event => [call, "return_from"]}),
    "… the last 100 events. For more: last => 1000" = lists:last(Last),
    101 = length(Last),
    1206 = length(Shown(Tap, #{event => [call, "return_from"], last => infinity})),
    %% From a time on the first 1,000.
    First = Shown(Tap, #{event => [call, "return_from"], 'begin' => 0}),
    "… the first 1000 events. For all: last => infinity" = lists:last(First),
    1001 = length(First),
    1206 = length(Shown(Tap, #{event => [call, "return_from"], around => 0, within => 3600000, last => infinity})),
    receive {Port, _} when is_port(Port) -> ct:fail(left_in_the_mailbox) after 0 -> ok end,
    Wrong = [
        {#{pid => init}, "invalid value init for \"pid\": expected "},
        {#{pid => "<1.2.3>"}, "invalid value \"<1.2.3>\" for \"pid\": expected "},
        {#{pid => []}, "invalid value [] for \"pid\": expected "},
        {#{last => 0}, "invalid value 0 for \"last\": expected "},
        {#{last => "two"}, "invalid value \"two\" for \"last\": expected "},
        {#{around => noon}, "invalid value noon for \"around\": expected "},
        {#{event => 7}, "invalid value 7 for \"event\": expected "},
        {#{syntax => lfe}, "invalid value lfe for \"syntax\": expected "}
    ],
    [refused(Begin, printed(fun() -> beamtap:events(Tap, Opts) end)) || {Opts, Begin} <- Wrong],
    {error, #{reason := unknown_key, message := <<"unknown option pids; did you mean pid?">>}} = beamtap:events(Tap, #{pids => Worker}),
    {{error, #{reason := beamtapd_failed, message := <<"/nonexistent", _/binary>>}}, <<>>} =
        printed(fun() -> beamtap:events("/nonexistent") end),
    {error, #{reason := unknown_tap}} = beamtap:events({tap, 987654321}).

doctor_fits_the_terminal(_) ->
    Long = <<"a finding of so many words that they do not fit">>,
    Rows = [{<<"one">>, ok, Long, <<>>}, {<<"three">>, warning, <<"short">>, Long}, {<<"path">>, ok, <<"/a/path/that/is/one/word/only">>, <<>>}],
    {ok, Printed} = printed(fun() -> beamtap_doctor:print(Rows) end, 40),
    <<
        "one    ok       a finding of so many\n"
        "                words that they do not\n"
        "                fit\n"
        "three  warning  short\n"
        "                a finding of so many\n"
        "                words that they do not\n"
        "                fit\n"
        "path   ok       /a/path/that/is/one/word/only\n"
    >> = Printed,
    {ok, Wide} = printed(fun() -> beamtap_doctor:print(Rows) end),
    [_, _, _, _, <<>>] = binary:split(Wide, <<"\n">>, [global]).

%%% Within

%% With a message that begins so, and nothing is printed.
refused(Begin, {{error, #{reason := bad_option, message := Message}}, <<>>}) ->
    {Message, Begin, true} = {Message, Begin, lists:prefix(Begin, unicode:characters_to_list(Message))}.

%% The process that carries out the only tap.
session() ->
    [Session] = beamtap_ledger:sessions(),
    Session.

is_traced(Pid) ->
    beamtap_world:flags(Pid) =/= [].

start(Spec, Opts, Case, Config) ->
    {ok, Tap} = beamtap:start(Spec, Opts#{output => beamtap_world:scratch(Case, Config)}),
    Tap.

%% Does something and waits until the session has ended and what it left is cleaned up.
ends_when(Act) ->
    Monitor = monitor(process, session()),
    _ = Act(),
    receive
        {'DOWN', Monitor, process, _, _} -> ok
    end.

%% Canaries are not looked at: a tap's own comes before its counting, another's may come meanwhile.
agrees(#{events := All}, Recorded) ->
    Events = maps:remove(<<"canary">>, All),
    {[], []} = {maps:to_list(Events) -- maps:to_list(Recorded), maps:to_list(Recorded) -- maps:to_list(Events)}.

work(0) -> 0;
work(N) -> N + work(N - 1).

-spec fail() -> no_return().
fail() -> error(failed).

busy(Rounds) ->
    Self = self(),
    lists:foreach(
        fun(Round) ->
            Self ! Round,
            210 = ?MODULE:work(20),
            receive
                Round -> true
            end
        end,
        lists:seq(1, Rounds)
    ),
    true = erlang:garbage_collect().

all_down(Workers) ->
    [
        receive
            {'DOWN', Monitor, process, Pid, Reason} -> normal = Reason
        end
     || {Pid, Monitor} <- Workers
    ].

%% What an act prints to its group leader.
printed(Act) -> printed(Act, {error, enotsup}).

printed(Act, Columns) ->
    Keeper = spawn_link(fun() -> keep(<<>>, Columns) end),
    Leader = group_leader(),
    group_leader(Keeper, self()),
    Answer =
        try
            Act()
        after
            group_leader(Leader, self())
        end,
    Keeper ! {give, self()},
    receive
        {kept, Text} -> {Answer, Text}
    end.

keep(Text, Columns) ->
    receive
        {io_request, From, As, {put_chars, unicode, Chars}} ->
            From ! {io_reply, As, ok},
            keep(<<Text/binary, (unicode:characters_to_binary(Chars))/binary>>, Columns);
        {io_request, From, As, {put_chars, unicode, M, F, A}} ->
            From ! {io_reply, As, ok},
            keep(<<Text/binary, (unicode:characters_to_binary(apply(M, F, A)))/binary>>, Columns);
        {io_request, From, As, {get_geometry, columns}} ->
            From ! {io_reply, As, Columns},
            keep(Text, Columns);
        {give, To} ->
            To ! {kept, Text}
    end.
