%% Functions that are called again before they return: found in the code, or while they run, and told.
-module(beamtap_loops_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_testcase/2, end_per_testcase/2]).
-export([decoded_like_the_compiler/1, unknown_instructions/1, loops_of_otp/1, cycles_through_untraced/1, code_not_at_hand/1]).
-export([stacks_stay/1, told/1, forced/1, deep_recursion/1, hidden_loop/1, added_and_dropped/1, match_specs/1]).

-define(LOOPS, ["beamtap_looper:_ -> return", "beamtap_looper_other:_ -> return"]).
%% A stack may differ by this much with the moment it is measured at.
-define(WORDS, 1000).

suite() -> [{timetrap, {minutes, 3}}].

all() ->
    [
        decoded_like_the_compiler,
        unknown_instructions,
        loops_of_otp,
        cycles_through_untraced,
        code_not_at_hand,
        stacks_stay,
        told,
        forced,
        deep_recursion,
        hidden_loop,
        added_and_dropped,
        match_specs
    ].

init_per_suite(Config) -> beamtap_sessiond:begin_suite(Config).

end_per_suite(Config) -> beamtap_sessiond:end_suite(Config).

init_per_testcase(_, Config) -> beamtap_sessiond:begin_case(Config).

end_per_testcase(_, Config) -> beamtap_sessiond:end_case(Config).

%%% In the code

%% The compiler's own disassembler is the witness.
decoded_like_the_compiler(_) ->
    Modules = [lists, gen_server, gen_statem, unicode_util, erl_eval, io_lib_pretty, maps, ets, beam_lib, ?MODULE, beamtap_looper],
    lists:foreach(
        fun(Module) ->
            {ok, Calls} = beamtap_loops:last_calls(Module),
            Sorted = maps:map(fun(_, Called) -> lists:usort(Called) end, Calls),
            {Module, Sorted} = {Module, disassembled(Module)}
        end,
        Modules
    ).

disassembled(Module) ->
    {Module, Code, _} = code:get_object_code(Module),
    Functions = element(6, beam_disasm:file(Code)),
    maps:from_list([{{Module, F, A}, lists:usort(last_calls(Instructions))} || {function, F, A, _, Instructions} <- Functions]).

last_calls([{call_only, _, MFA} | Rest]) -> [MFA | last_calls(Rest)];
last_calls([{call_last, _, MFA, _} | Rest]) -> [MFA | last_calls(Rest)];
last_calls([{call_ext_only, _, {extfunc, M, F, A}} | Rest]) -> [called({M, F, A}) | last_calls(Rest)];
last_calls([{call_ext_last, _, {extfunc, M, F, A}, _} | Rest]) -> [called({M, F, A}) | last_calls(Rest)];
last_calls([{apply_last, _, _} | Rest]) -> [anything | last_calls(Rest)];
last_calls([Call, {deallocate, _}, return | Rest]) -> of_fun(Call) ++ last_calls(Rest);
last_calls([Call, return | Rest]) -> of_fun(Call) ++ last_calls(Rest);
last_calls([_ | Rest]) -> last_calls(Rest);
last_calls([]) -> [].

of_fun({call_fun, _}) -> [anything];
of_fun({call_fun2, _, _, _}) -> [anything];
of_fun(_) -> [].

called({erlang, apply, _}) -> anything;
called(MFA) -> MFA.

%% Code of a later release, or none at all, is not guessed at.
unknown_instructions(_) ->
    {lists, Code, _} = code:get_object_code(lists),
    unknown = beamtap_loops:last_calls(lists, <<"no code">>),
    {ok, lists, Chunks} = beam_lib:all_chunks(Code),
    {"Code", <<Head:20/binary, _, Rest/binary>>} = lists:keyfind("Code", 1, Chunks),
    {ok, Later} = beam_lib:build_module(lists:keystore("Code", 1, Chunks, {"Code", <<Head/binary, 255, Rest/binary>>})),
    unknown = beamtap_loops:last_calls(lists, Later),
    unknown = beamtap_loops:last_calls(no_such_module).

loops_of_otp(_) ->
    Loops = loops([gen_server, gen_statem, gen_event, lists]),
    Expected = [
        {gen_server, loop}, {gen_server, decode_msg}, {gen_server, handle_msg}, {gen_event, fetch_msg}, {gen_statem, loop_done},
        {lists, foldl_1}, {lists, foreach_1}
    ],
    [] = [Name || Name <- Expected, not lists:member(Name, [{M, F} || {M, F, _} <- Loops])],
    [] = [MFA || {M, F, _} = MFA <- Loops, lists:member({M, F}, [{gen_server, call}, {lists, map}, {lists, foldl}, {lists, reverse}])].

loops(Modules) ->
    Functions = [{M, F, A} || M <- Modules, {module, _} <- [code:ensure_loaded(M)], {F, A} <- M:module_info(functions)],
    #{loops := Loops, unread := []} = beamtap_loops:find(Functions),
    lists:sort(maps:keys(Loops)).

%% What is on the way counts, also in a module that is not asked for.
cycles_through_untraced(_) ->
    Across = {beamtap_looper, across, 1},
    Back = {beamtap_looper_other, back, 1},
    #{loops := #{Across := Back}} = beamtap_loops:find([Across]),
    Spin = {beamtap_looper, spin, 2},
    #{loops := None, unsure := [Spin]} = beamtap_loops:find([{beamtap_looper, sum, 1}, Spin]),
    0 = map_size(None).

%% A module that is not the one in the file, and one that has no file.
code_not_at_hand(_) ->
    Source = "-module(beamtap_unread). -export([loop/1]). loop(N) -> loop(N + 1).",
    {ok, beamtap_unread, Code} = compile:forms(forms(Source)),
    {module, beamtap_unread} = code:load_binary(beamtap_unread, "nowhere", Code),
    Loop = {beamtap_unread, loop, 1},
    #{loops := Loops, unsure := [Loop], unread := [beamtap_unread]} = beamtap_loops:find([Loop]),
    0 = map_size(Loops),
    true = code:delete(beamtap_unread),
    _ = code:purge(beamtap_unread).

forms(Text) ->
    {ok, Tokens, _} = erl_scan:string(Text),
    {Forms, []} = lists:foldl(
        fun
            ({dot, _} = Dot, {Forms, Form}) ->
                {ok, Parsed} = erl_parse:parse_form(lists:reverse([Dot | Form])),
                {Forms ++ [Parsed], []};
            (Token, {Forms, Form}) ->
                {Forms, [Token | Form]}
        end,
        {[], []},
        Tokens
    ),
    Forms.

%%% While they run

%% A server that is traced with returns has the stack afterwards that it had before, whatever kind of loop it is.
stacks_stay(Config) ->
    Seen = [Kind || Kind <- beamtap_looper:kinds(), Kind =/= apply_loop, Kind =/= fun_loop],
    Servers = [{Kind, beamtap_looper:start(Kind)} || Kind <- Seen],
    Before = [{Kind, words(Server)} || {Kind, Server} <- Servers],
    Tap = start(?LOOPS ++ ["gen_server:_ -> return", "gen_statem:_ -> return", "gen:_ -> return"], ?FUNCTION_NAME, Config),
    _ = [ok = beamtap_looper:round(Server) || {_, Server} <- Servers, _ <- lists:seq(1, 2000)],
    {ok, #{problems := []}} = beamtap:stop(Tap),
    [] = [{Kind, Was, words(Server)} || {{Kind, Was}, {_, Server}} <- lists:zip(Before, Servers), words(Server) > Was + ?WORDS].

words(Pid) ->
    {stack_size, Words} = process_info(Pid, stack_size),
    Words.

%% In the answer, in the receipt, in the trace.
told(Config) ->
    Tap = start(["beamtap_looper:count/2 -> return", "beamtap_looper:bounded/1 -> return"], ?FUNCTION_NAME, Config),
    {ok, #{without_return := [#{function := {beamtap_looper, count, 2}, why := <<"it calls itself last">>}] = Told}} = beamtap:info(Tap),
    51 = beamtap_looper:bounded(50),
    {ok, #{path := Path, events := Events, without_return := Told}} = beamtap:stop(Tap),
    #{<<"call">> := 52, <<"return_from">> := 1, <<"caveat">> := 1, <<"def_ends">> := 1} = Events,
    [{caveat, #{text := Caveat}}] = beamtap_world:events(Path, [caveat]),
    {_, _} = binary:match(iolist_to_binary(Caveat), <<"beamtap_looper:count/2">>),
    %% The loop's time is its caller's.
    Rows = rows(Path),
    #{<<"calls">> := 1, <<"own_ns">> := Own, <<"total_ns">> := Own} = map_get(<<"beamtap_looper:bounded/1">>, Rows),
    #{<<"calls">> := 51, <<"own_ns">> := null, <<"unfinished">> := 0} = map_get(<<"beamtap_looper:count/2">>, Rows).

rows(Path) ->
    {ok, Beamtapd} = beamtap_sidecar:find(),
    Json = os:cmd(lists:flatten([Beamtapd, " report --json ", binary_to_list(Path)])),
    {match, Found} = re:run(Json, "\\{[^{}]*\"function\": \"([^\"]*)\"[^{}]*\\}", [global, {capture, all, binary}]),
    maps:from_list([{Name, row(Row)} || [Row, Name] <- Found]).

row(Row) ->
    {match, Fields} = re:run(Row, "\"([a-z0-9_]+)\": (null|[0-9]+)", [global, {capture, all_but_first, binary}]),
    maps:from_list([{Key, case Value of <<"null">> -> null; _ -> binary_to_integer(Value) end} || [Key, Value] <- Fields]).

%% Whoever insists gets the returns, and the frames.
forced(Config) ->
    Tap = start("beamtap_looper:count/2 -> return!", ?FUNCTION_NAME, Config),
    {ok, #{without_return := []}} = beamtap:info(Tap),
    50 = beamtap_looper:count(50, 0),
    {ok, #{events := #{<<"call">> := 51, <<"return_from">> := 51}, problems := []}} = beamtap:stop(Tap).

%% A recursion that returns is recorded to its end, however deep it is.
deep_recursion(Config) ->
    Tap = start("beamtap_looper:_ -> return", ?FUNCTION_NAME, Config),
    100000 = beamtap_looper:sum(100000),
    {ok, #{events := #{<<"call">> := 100001, <<"return_from">> := 100001}, discarded := 0, problems := []}} = beamtap:stop(Tap).

%% Through a fun or apply nobody sees it beforehand.
hidden_loop(Config) ->
    Tap = start("beamtap_looper:_ -> return", #{events => infinity, for => 60000}, ?FUNCTION_NAME, Config),
    Spinner = spawn_link(fun() -> spin(fun beamtap_looper:spin/2) end),
    Began = erlang:monotonic_time(millisecond),
    beamtap_world:until(fun() ->
        {ok, #{without_return := Told}} = beamtap:info(Tap),
        lists:member({beamtap_looper, spin, 2}, [MFA || #{function := MFA} <- Told]) orelse Told
    end),
    Noticed = erlang:monotonic_time(millisecond) - Began,
    ct:comment("noticed after ~b ms", [Noticed]),
    %% A second, and what other work on the machine takes.
    true = Noticed < 3000,
    {ok, #{problems := [Said]}} = beamtap:info(Tap),
    {_, _} = binary:match(Said, <<"beamtap_looper:spin/2">>),
    %% It does not grow any more.
    Words = words(Spinner),
    {reductions, Done} = process_info(Spinner, reductions),
    beamtap_world:until(fun() ->
        {reductions, Now} = process_info(Spinner, reductions),
        Now > Done + 100000
    end),
    true = words(Spinner) < Words + ?WORDS,
    {ok, #{problems := [Said]}} = beamtap:stop(Tap),
    true = unlink(Spinner),
    true = exit(Spinner, kill).

spin(Fun) ->
    beamtap_looper:spin(Fun, 1000000000).

added_and_dropped(Config) ->
    Tap = start("beamtap_looper:sum/1", ?FUNCTION_NAME, Config),
    {ok, #{without_return := []}} = beamtap:info(Tap),
    {ok, #{without_return := [#{function := {beamtap_looper, count, 2}}]}} = beamtap:add(Tap, "beamtap_looper:count/2 -> return"),
    {ok, #{without_return := []}} = beamtap:add(Tap, "beamtap_looper:count/2 -> return!"),
    3 = beamtap_looper:count(3, 0),
    {ok, #{without_return := []}} = beamtap:drop(Tap, "beamtap_looper:count/2"),
    3 = beamtap_looper:count(3, 0),
    {ok, #{events := #{<<"call">> := 4, <<"return_from">> := 4}}} = beamtap:stop(Tap).

%% One of the user's own is no way around it.
match_specs(Config) ->
    Spec = [{['$1', '_'], [{'>', '$1', 1}], [{message, {{last, '$1'}}}, {return_trace}]}],
    Tap = start({{beamtap_looper, count, 2}, Spec}, ?FUNCTION_NAME, Config),
    {ok, #{without_return := [#{function := {beamtap_looper, count, 2}}]}} = beamtap:info(Tap),
    3 = beamtap_looper:count(3, 0),
    {ok, #{events := #{<<"call">> := 2} = Events}} = beamtap:stop(Tap),
    false = is_map_key(<<"return_from">>, Events).

start(Functions, Case, Config) ->
    start(Functions, #{}, Case, Config).

start(Functions, Opts, Case, Config) ->
    {ok, Tap} = beamtap:start(Functions, Opts#{output => beamtap_world:scratch(Case, Config)}),
    Tap.
