%% Taps beside what others trace in the same VM.
-module(beamtap_neighbours_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_testcase/2, end_per_testcase/2]).
-export([dbg_beside_a_tap/1, foreign_flags_kept/1, foreign_pattern_kept/1]).
-export([garbage_collection_beside_a_session/1, garbage_collection_beside_a_tap/1]).
%% Traced
-export([work/1, fail/0]).

suite() -> [{timetrap, {minutes, 2}}].

all() ->
    [
        dbg_beside_a_tap,
        foreign_flags_kept,
        foreign_pattern_kept,
        garbage_collection_beside_a_session,
        garbage_collection_beside_a_tap
    ].

init_per_suite(Config) -> beamtap_sessiond:begin_suite(Config).

end_per_suite(Config) -> beamtap_sessiond:end_suite(Config).

init_per_testcase(_, Config) -> beamtap_sessiond:begin_case(Config).

end_per_testcase(_, Config) -> beamtap_sessiond:end_case(Config).

dbg_beside_a_tap(Config) ->
    Worker = beamtap_worker:start(),
    Idle = beamtap_worker:start(),
    Tap = start(#{functions => {?MODULE, fail, 0}, targets => Idle}, #{}, ?FUNCTION_NAME, Config),
    {ok, _} = dbg:tracer(module, beamtap:tracer()),
    {ok, _} = dbg:p(Worker, [c]),
    {ok, _} = dbg:tpl(?MODULE, work, 1, []),
    10 = beamtap_worker:does(Worker, fun() -> work(4) end),
    {ok, _} = dbg:p(Worker, clear),
    ok = dbg:stop_clear(),
    {ok, #{events := #{<<"call">> := 5}, path := Path, problems := []} } = beamtap:stop(Tap),
    #{<<"call">> := 5} = beamtap_world:recorded(Path),
    5 = beamtap_world:calls(Path, ?MODULE, work).

foreign_flags_kept(Config) ->
    Traced = beamtap_worker:start(),
    1 = erlang:trace(Traced, true, [procs, set_on_spawn]),
    Theirs = {erlang:trace_info(Traced, flags), erlang:trace_info(Traced, tracer)},
    Tap = start([procs, {?MODULE, work, 1}], #{}, ?FUNCTION_NAME, Config),
    {ok, #{processes := #{left := Left}}} = beamtap:info(Tap),
    {ok, _} = beamtap:stop(Tap),
    Theirs = {erlang:trace_info(Traced, flags), erlang:trace_info(Traced, tracer)},
    Output = beamtap_world:scratch(?FUNCTION_NAME, Config),
    Named = beamtap:start(#{classes => procs, targets => Traced}, #{output => Output}),
    %% A process has one tracer, or one in each trace session.
    case beamtap_vm:has_sessions() of
        false -> {1, {error, #{reason := traced_by_others}}} = {Left, Named};
        true -> {0, {ok, _}} = {Left, Named}
    end,
    {ok, _} = beamtap:clear(),
    Theirs = {erlang:trace_info(Traced, flags), erlang:trace_info(Traced, tracer)},
    1 = erlang:trace(Traced, false, [all]).

foreign_pattern_kept(Config) ->
    1 = erlang:trace_pattern({?MODULE, work, 1}, [{'_', [], [{return_trace}]}], [local]),
    Theirs = erlang:trace_info({?MODULE, work, 1}, all),
    Ours = beamtap:start({?MODULE, '_', '_'}, #{output => beamtap_world:scratch(?FUNCTION_NAME, Config)}),
    %% A function has one trace pattern, or one in each trace session.
    case beamtap_vm:has_sessions() of
        false -> {error, #{reason := traced_by_others}} = Ours;
        true -> {ok, _} = Ours
    end,
    {ok, _} = beamtap:clear(),
    Theirs = erlang:trace_info({?MODULE, work, 1}, all),
    1 = erlang:trace_pattern({?MODULE, work, 1}, false, [local]).

%% Two sessions that see one process collect garbage crash OTP 27 to 29: not even asked for, the VM ends.
garbage_collection_beside_a_session(Config) ->
    case beamtap_vm:has_sessions() of
        false ->
            beamtap_skip:other_vm(?MODULE, ?FUNCTION_NAME);
        true ->
            Output = beamtap_world:scratch(?FUNCTION_NAME, Config),
            Theirs = apply(trace, session_create, [theirs, self(), []]),
            Before = beamtap_world:snapshot(),
            {error, #{reason := known_bad, message := Said}} =
                beamtap:start([procs, garbage_collection], #{output => Output}),
            {_, _} = binary:match(iolist_to_binary(Said), <<"garbage_collection">>),
            beamtap_world:settled(Before),
            %% What does not crash is not refused.
            {ok, Tap} = beamtap:start(procs, #{output => Output}),
            {error, #{reason := known_bad}} = beamtap:add(Tap, garbage_collection),
            {ok, #{problems := []}} = beamtap:stop(Tap),
            true = apply(trace, session_destroy, [Theirs]),
            _ = start(garbage_collection, #{}, ?FUNCTION_NAME, Config),
            ok
    end.

%% Each tap has a session of its own there: of one process, only one of them may see it collect garbage.
garbage_collection_beside_a_tap(Config) ->
    Worker = beamtap_worker:start(),
    Tap = start(#{classes => garbage_collection, targets => Worker}, #{}, ?FUNCTION_NAME, Config),
    Output = beamtap_world:scratch(?FUNCTION_NAME, Config),
    {error, #{reason := traced_by_tap, tap := Tap}} =
        beamtap:start(#{classes => garbage_collection, targets => Worker}, #{output => Output}),
    %% Of all processes, all but this one.
    Other = start(garbage_collection, #{}, ?FUNCTION_NAME, Config),
    true = beamtap_worker:does(Worker, fun erlang:garbage_collect/0),
    true = garbage_collect(),
    %% The trace of each holds the events of both while both record.
    {ok, #{events := #{<<"gc_major_start">> := Both}, problems := []}} = beamtap:stop(Tap),
    {ok, #{problems := []}} = beamtap:stop(Other),
    true = Both >= 2,
    exit(Worker, kill),
    ok.

%%% Within

start(Spec, Opts, Case, Config) ->
    {ok, Tap} = beamtap:start(Spec, Opts#{output => beamtap_world:scratch(Case, Config)}),
    Tap.

work(0) -> 0;
work(N) -> N + work(N - 1).

-spec fail() -> no_return().
fail() -> error(failed).
