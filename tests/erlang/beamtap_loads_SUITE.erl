%% Modules that are loaded while a tap runs: traced from then on, and what is missed is told.
-module(beamtap_loads_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_testcase/2, end_per_testcase/2]).
-export([loaded_anew/1, loaded_later/1, dropped_stays_dropped/1, loops_of_the_new_code/1, taken_meta_trace/1]).
-export([beamtap_loaded_later/1]).
-export([beamtap_is_not_in_it/1, hazards/1, told_hazards/1]).

-define(MODULE_NAME, beamtap_reloaded).

suite() -> [{timetrap, {minutes, 3}}].

all() ->
    [
        loaded_anew,
        loaded_later,
        dropped_stays_dropped,
        loops_of_the_new_code,
        taken_meta_trace,
        beamtap_is_not_in_it,
        hazards,
        told_hazards
    ].

init_per_suite(Config) -> beamtap_sessiond:begin_suite(Config).

end_per_suite(Config) -> beamtap_sessiond:end_suite(Config).

init_per_testcase(_, Config) ->
    ok = load(1),
    beamtap_sessiond:begin_case(Config).

end_per_testcase(_, Config) ->
    ok = load(1),
    beamtap_sessiond:end_case(Config).

%% Ten times in a row: each version's calls and returns, and a line for each load that says when and for how long.
loaded_anew(Config) ->
    Tap = start("beamtap_reloaded:_ -> return", ?FUNCTION_NAME, Config),
    lists:foreach(
        fun(Version) ->
            ok = load(Version),
            awaits(Tap, Version),
            Version = apply(?MODULE_NAME, f, [3])
        end,
        lists:seq(1, 10)
    ),
    {ok, #{problems := Told}} = beamtap:info(Tap),
    {ok, #{events := Events, problems := Told, path := Path}} = beamtap:stop(Tap),
    %% f(3) is four calls of f and three of g.
    #{<<"call">> := 70, <<"return_from">> := 70} = Events,
    10 = length(Told),
    Missed = [missed_us(Line) || Line <- Told],
    ct:comment("calls missed for ~w us", [Missed]),
    true = lists:all(fun(Us) -> Us < 1000000 end, Missed),
    Caveats = [unicode:characters_to_binary(Text) || {caveat, #{text := Text}} <- beamtap_world:events(Path, [caveat])],
    [] = Told -- Caveats.

missed_us(Line) ->
    {match, [Us]} = re:run(Line, "^beamtap_reloaded was loaded at 20.*Z: calls are missing for (\\d+) .s from then on", [
        unicode, {capture, all_but_first, list}
    ]),
    list_to_integer(Us).

%% Of all modules: those that come later are meant, too.
loaded_later(Config) ->
    ok = load("beamtap_loaded_later(A) -> A."),
    _ = code:purge(?MODULE_NAME),
    true = code:delete(?MODULE_NAME),
    _ = code:purge(?MODULE_NAME),
    Tap = start("_:beamtap_loaded_later/1", ?FUNCTION_NAME, Config),
    ok = load("beamtap_loaded_later(A) -> A."),
    awaits(Tap, 1),
    here = apply(?MODULE_NAME, beamtap_loaded_later, [here]),
    {ok, #{events := #{<<"call">> := 1}}} = beamtap:stop(Tap).

%% A pattern has to match something when it is asked for.
beamtap_loaded_later(A) -> A.

dropped_stays_dropped(Config) ->
    Tap = start(["beamtap_reloaded:_"], ?FUNCTION_NAME, Config),
    {ok, _} = beamtap:drop(Tap, "beamtap_reloaded:g/1"),
    ok = load(2),
    awaits(Tap, 1),
    2 = apply(?MODULE_NAME, f, [3]),
    {ok, #{events := #{<<"call">> := 4}}} = beamtap:stop(Tap).

%% What was no loop is one now, and the other way round.
loops_of_the_new_code(Config) ->
    Directory = beamtap_world:scratch(code, Config),
    ok = filelib:ensure_path(Directory),
    true = code:add_patha(Directory),
    Loop = "h(0) -> 0; h(N) -> h(N - 1).",
    Body = "h(0) -> 0; h(N) -> 1 + h(N - 1).",
    ok = load(Body, Directory),
    Tap = start("beamtap_reloaded:h/1 -> return", ?FUNCTION_NAME, Config),
    {ok, #{without_return := []}} = beamtap:info(Tap),
    ok = load(Loop, Directory),
    awaits(Tap, 1),
    {ok, #{without_return := [#{function := {?MODULE_NAME, h, 1}}]}} = beamtap:info(Tap),
    0 = apply(?MODULE_NAME, h, [4]),
    ok = load(Body, Directory),
    awaits(Tap, 2),
    {ok, #{without_return := []}} = beamtap:info(Tap),
    4 = apply(?MODULE_NAME, h, [4]),
    {ok, #{events := #{<<"call">> := 10, <<"return_from">> := 5}}} = beamtap:stop(Tap),
    true = code:del_path(Directory).

%% Somebody else's meta trace is left alone, and the tap says that it is blind.
taken_meta_trace(Config) ->
    case beamtap_vm:has_sessions() of
        true ->
            beamtap_skip:other_vm(?MODULE, ?FUNCTION_NAME);
        false ->
            Loading = {erlang, finish_loading, 1},
            1 = erlang:trace_pattern(Loading, [], [meta]),
            Tap = start("beamtap_reloaded:_", ?FUNCTION_NAME, Config),
            {ok, #{problems := [Said]}} = beamtap:info(Tap),
            {_, _} = binary:match(Said, <<"finish_loading">>),
            {ok, _} = beamtap:stop(Tap),
            {meta, Self} = erlang:trace_info(Loading, meta),
            Self = self(),
            1 = erlang:trace_pattern(Loading, false, [meta])
    end.

%% Calls that beamtap makes in the process of its user, or lets another make, are none of the application's.
beamtap_is_not_in_it(Config) ->
    Functions = ["erlang:demonitor/2 -> return", "erlang:monitor/2", "erlang:send/2", "ets:_ -> return", "gen:_", "global:_"],
    Tap = start(#{functions => Functions, classes => [send, 'receive'], targets => all}, ?FUNCTION_NAME, Config),
    {ok, _} = beamtap:pause(Tap),
    {ok, _} = beamtap:resume(Tap),
    {ok, _} = beamtap:info(Tap),
    {ok, #{path := Path}} = beamtap:stop(Tap),
    Mine = beamtap_world:number(self()),
    [] = [
        Event
     || {_, Fields} = Event <- beamtap_world:events(Path, [call, send, 'receive']),
        lists:member(Mine, [maps:get(Key, Fields, none) || Key <- [pid, from, to]])
    ].

%% One table: nothing beside it says what is known to go wrong.
hazards(_) ->
    Of = fun(Erts, Class) -> [Verdict || #{verdict := Verdict} <- beamtap_hazards:of_class(Erts, Class)] end,
    [warn] = Of([13, 1, 5], running),
    [warn] = Of([13, 1, 5], garbage_collection),
    [] = Of([13, 2], running),
    [] = Of([14, 2, 5], garbage_collection),
    [refuse] = Of([15, 2, 7], garbage_collection),
    [refuse] = Of([17, 0], garbage_collection),
    [warn] = Of([15, 0], call),
    [warn] = Of([16, 1, 2], call),
    [] = Of([16, 2], call),
    {ok, Text} = file:read_file(filename:join([beamtap_world:root(), "docs", "FAILURES.md"])),
    [] = [Finding || #{finding := Finding} <- beamtap_hazards:all(), binary:match(Text, Finding) =:= nomatch].

%% In the log, in the answer, in the receipt.
told_hazards(Config) ->
    Test = self(),
    Handler = fun(#{msg := Message, meta := #{domain := [beamtap]}}) -> Test ! {logged, Message}; (_) -> ok end,
    ok = logger:add_handler(?FUNCTION_NAME, ?MODULE_NAME, #{config => Handler}),
    Tap = start(running, ?FUNCTION_NAME, Config),
    {ok, #{warnings := Warnings}} = beamtap:info(Tap),
    {ok, #{warnings := Warnings}} = beamtap:stop(Tap),
    ok = logger:remove_handler(?FUNCTION_NAME),
    Expected = length(beamtap_hazards:of_class(beamtap_hazards:erts(), running)),
    Expected = length(Warnings),
    Expected = logged(0),
    {error, #{reason := bad_option}} = beamtap:start(running, #{known_bad => 'maybe'}).

logged(Count) ->
    receive
        {logged, {"beamtap: " ++ _, [_, _]}} -> logged(Count + 1)
    after 0 -> Count
    end.

%% Until the tap has noticed so many loads.
awaits(Tap, Loads) ->
    beamtap_world:until(fun() ->
        {ok, #{problems := Told}} = beamtap:info(Tap),
        length(Told) >= Loads orelse {Told, Loads}
    end).

load(Version) when is_integer(Version) ->
    load(io_lib:format("f(0) -> ~b; f(N) -> _ = g(N), _ = f(N - 1), ~b. g(N) -> N. log(#{}=E,#{config:=F}) -> F(E).", [Version, Version]));
load(Functions) ->
    load(Functions, none).

load(Functions, Directory) ->
    Text = lists:flatten(["-module(beamtap_reloaded). -compile(export_all). ", Functions]),
    {ok, Tokens, _} = erl_scan:string(Text),
    {ok, ?MODULE_NAME, Code} = compile:forms(forms(Tokens, []), [nowarn_export_all]),
    _ = code:purge(?MODULE_NAME),
    File =
        case Directory of
            none -> "beamtap_reloaded.beam";
            _ -> filename:join(Directory, "beamtap_reloaded.beam")
        end,
    Directory =:= none orelse file:write_file(File, Code),
    {module, ?MODULE_NAME} = code:load_binary(?MODULE_NAME, File, Code),
    ok.

forms([], []) ->
    [];
forms([{dot, _} = Dot | Rest], Form) ->
    {ok, Parsed} = erl_parse:parse_form(lists:reverse([Dot | Form])),
    [Parsed | forms(Rest, [])];
forms([Token | Rest], Form) ->
    forms(Rest, [Token | Form]).

start(Spec, Case, Config) ->
    {ok, Tap} = beamtap:start(Spec, #{output => beamtap_world:scratch(Case, Config)}),
    Tap.
