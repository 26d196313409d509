%% @private
%% Finds functions that may be called again before they return: those on a cycle of last calls.
%%
%% A call that is recorded with its return leaves a frame on the process's stack until the function returns. A function on
%% such a cycle does not return, so each pass leaves one more frame. The stack grows for as long as the loop runs, and each
%% call takes longer than the one before. Functions on the cycle count whether or not they are traced themselves.
%%
%% Last calls are read from the object code, since releases have neither the compiler nor debug information. The code is
%% decoded only as far as it takes to step from instruction to instruction.
-module(beamtap_loops).

-export([find/1, last_calls/1, last_calls/2]).
-export_type([found/0, loop/0, calls/0]).

%% The next function on the cycle: the function itself where it calls itself. `known' where the object code cannot be read
%% and the function is a loop of OTP's.
-type loop() :: mfa() | known.
%% `unsure': a fun, apply, or code that cannot be read decides what is called last. `unread': modules of the functions asked
%% for whose object code cannot be read.
-type found() :: #{loops := #{mfa() => loop()}, unsure := [mfa()], unread := [module()]}.
%% For each function the functions that it calls last; `anything' where a fun, apply or a name known only at run time decides.
-type calls() :: #{mfa() => [mfa() | anything]}.

%% At most so many modules beside those asked for are read.
-define(MAX_OTHERS, 64).
%% The loops of OTP's behaviours.
-define(KNOWN, #{
    gen_server => [loop, decode_msg, handle_msg, handle_common_reply, wake_hib, system_continue],
    gen_event => [loop, fetch_msg, handle_msg, wake_hib, system_continue],
    gen_fsm => [loop, decode_msg, handle_msg, wake_hib, system_continue],
    proc_lib => [init_p, init_p_do_apply, wake_up]
}).

%% How many operands each opcode has, from opcode 1 on, as the compiler's genop.tab lists them up to OTP 29.
-define(OPERANDS,
    {1, 3, 0, 2, 3, 2, 2, 3, 2, 4, 5, 2, 3, 2, 3, 2, 1, 1, 0, 0, 0, 0, 2, 1, 1, 2, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 3, 3, 3,
     3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 1, 2, 1, 2, 3, 3, 3, 3, 3, 2, 1, 1, 0, 1, 1, 3, 2, 2, 2, 5,
     5, 5, 4, 2, 1, 1, 2, 2, 5, 5, 5, 2, 1, 0, 1, 2, 2, 4, 4, 4, 4, 3, 1, 2, 1, 1, 1, 2, 6, 3, 5, 1, 2, 2, 3, 5, 7, 7, 7, 5,
     3, 2, 2, 5, 6, 2, 2, 2, 2, 1, 3, 4, 0, 8, 6, 2, 6, 5, 4, 5, 4, 5, 4, 3, 3, 3, 3, 3, 0, 1, 1, 7, 1, 5, 5, 2, 3, 3, 4, 0,
     0, 2, 2, 2, 3, 4, 3, 2, 2, 4, 3, 1, 2, 1, 1, 1, 6, 3, 0, 1, 5, 3, 2, 4, 6, 2, 4, 3, 6, 3, 5}
).
-define(LABEL, 1).
-define(FUNC_INFO, 2).
-define(CALL_LAST, 5).
-define(CALL_ONLY, 6).
-define(CALL_EXT_LAST, 8).
-define(DEALLOCATE, 18).
-define(RETURN, 19).
-define(CALL_FUN, 75).
-define(CALL_EXT_ONLY, 78).
-define(APPLY, 112).
-define(APPLY_LAST, 113).
-define(CALL_FUN2, 178).

%% @doc Finds loops among these functions.
-spec find([mfa()]) -> found().
find(Functions) ->
    Asked = maps:from_keys([M || {M, _, _} <- Functions], []),
    {Edges, Read} = follow(Functions, #{}, #{}, Asked),
    Graph = digraph:new(),
    try
        _ = [digraph:add_vertex(Graph, V) || V <- [anything | maps:keys(Edges)]],
        _ = [digraph:add_edge(Graph, From, To) || {From, Targets} <- maps:to_list(Edges), To <- Targets, is_vertex(To, Edges)],
        Wanted = maps:from_keys(Functions, []),
        Unsure = [F || F <- digraph_utils:reaching([anything], Graph), is_map_key(F, Wanted)],
        Loops = maps:from_list([
            {F, next(F, map_get(F, Edges), maps:from_keys(Component, []))}
         || Component <- digraph_utils:cyclic_strong_components(Graph), F <- Component, is_map_key(F, Wanted)
        ]),
        Unread = [M || M <- maps:keys(Asked), map_get(M, Read) =:= unknown],
        Known = maps:from_keys([F || F <- Functions, is_known(F, Unread)], known),
        #{loops => maps:merge(Known, Loops), unsure => Unsure, unread => Unread}
    after
        digraph:delete(Graph)
    end.

next(F, Targets, Component) ->
    case lists:member(F, Targets) of
        true -> F;
        false -> hd([Target || Target <- Targets, is_map_key(Target, Component)])
    end.

is_vertex(To, Edges) -> To =:= anything orelse is_map_key(To, Edges).

is_known({M, F, _}, Unread) ->
    lists:member(M, Unread) andalso
        case M of
            %% The names of its loop functions differ between releases.
            gen_statem -> lists:prefix("loop", atom_to_list(F)) orelse F =:= wakeup_from_hibernate;
            _ -> lists:member(F, maps:get(M, ?KNOWN, []))
        end.

%% Everything that these functions reach by last calls.
follow([], Edges, Read, _) ->
    {Edges, Read};
follow([anything | Rest], Edges, Read, Asked) ->
    follow(Rest, Edges, Read, Asked);
follow([F | Rest], Edges, Read, Asked) when is_map_key(F, Edges) ->
    follow(Rest, Edges, Read, Asked);
follow([{M, _, _} = F | Rest], Edges, Read, Asked) when is_map_key(M, Read) ->
    Targets =
        case map_get(M, Read) of
            {ok, #{F := Calls}} -> Calls;
            {ok, #{}} -> [];
            unknown -> [anything];
            %% No preloaded module calls back.
            preloaded -> []
        end,
    follow(Targets ++ Rest, Edges#{F => Targets}, Read, Asked);
follow([{M, _, _} | _] = Functions, Edges, Read, Asked) ->
    Calls =
        case code:is_loaded(M) of
            {file, preloaded} -> preloaded;
            _ when is_map_key(M, Asked); map_size(Read) - map_size(Asked) < ?MAX_OTHERS -> last_calls(M);
            _ -> unknown
        end,
    follow(Functions, Edges, Read#{M => Calls}, Asked).

%%% Object code

%% @doc The last calls of a module; `unknown' where its object code cannot be read or is not the code that is loaded.
-spec last_calls(module()) -> {ok, calls()} | unknown.
last_calls(Module) ->
    try
        {Module, Code, _} = code:get_object_code(Module),
        {ok, {Module, Md5}} = beam_lib:md5(Code),
        %% A module that is not loaded yet will be loaded from this file.
        true = not erlang:module_loaded(Module) orelse erlang:get_module_info(Module, md5) =:= Md5,
        last_calls(Module, Code)
    catch
        error:_ -> unknown
    end.

%% @doc The last calls in a module's object code; `unknown' where it has instructions of a later release.
-spec last_calls(module(), binary()) -> {ok, calls()} | unknown.
last_calls(Module, ObjectCode) ->
    try
        {ok, {Module, Chunks}} = beam_lib:chunks(ObjectCode, [atoms, "ImpT", "Code"]),
        [{atoms, Atoms}, {"ImpT", Imports}, {"Code", <<Head:32, Code/bits>>}] = Chunks,
        Instructions = binary:part(Code, Head, byte_size(Code) - Head),
        Names = list_to_tuple([Atom || {_, Atom} <- Atoms]),
        Imported = list_to_tuple([
            {element(M, Names), element(F, Names), A}
         || <<M:32, F:32, A:32>> <= binary:part(Imports, 4, byte_size(Imports) - 4)
        ]),
        {Found, Entries} = functions(Instructions, Module, Names),
        {ok, maps:map(fun(_, Targets) -> [target(T, Entries, Imported) || T <- Targets] end, Found)}
    catch
        error:_ -> unknown
    end.

target(anything, _, _) -> anything;
target({label, Label}, Entries, _) -> map_get(Label, Entries);
target({import, Index}, _, Imported) -> called(element(Index + 1, Imported)).

called({erlang, apply, _}) -> anything;
called(MFA) -> MFA.

%% There is no code before the first function. The label after a function's func_info is its entry.
functions(Code, Module, Names) ->
    step(Code, {none, []}, #{}, #{}, {Module, Names}).

step(<<?FUNC_INFO, Rest/bits>>, Function, Found, Entries, {Module, Names} = Context) ->
    {_, Rest1} = operand(Rest),
    {Name, Rest2} = operand(Rest1),
    {Arity, Rest3} = operand(Rest2),
    {Label, Rest4} = entry(Rest3),
    MFA = {Module, element(Name, Names), Arity},
    step(Rest4, {MFA, []}, found(Function, Found), Entries#{Label => MFA}, Context);
step(<<Op, Rest/bits>>, Function, Found, Entries, Context) when Op =:= ?CALL_ONLY; Op =:= ?CALL_LAST ->
    {_, Rest1} = operand(Rest),
    {Label, Rest2} = operand(Rest1),
    step(skip(element(Op, ?OPERANDS) - 2, Rest2), calls({label, Label}, Function), Found, Entries, Context);
step(<<Op, Rest/bits>>, Function, Found, Entries, Context) when Op =:= ?CALL_EXT_ONLY; Op =:= ?CALL_EXT_LAST ->
    {_, Rest1} = operand(Rest),
    {Index, Rest2} = operand(Rest1),
    step(skip(element(Op, ?OPERANDS) - 2, Rest2), calls({import, Index}, Function), Found, Entries, Context);
step(<<?APPLY_LAST, Rest/bits>>, Function, Found, Entries, Context) ->
    step(skip(2, Rest), calls(anything, Function), Found, Entries, Context);
step(<<Op, Rest/bits>>, Function, Found, Entries, Context) when Op =:= ?CALL_FUN; Op =:= ?CALL_FUN2; Op =:= ?APPLY ->
    Behind = skip(element(Op, ?OPERANDS), Rest),
    %% The loader turns a call before a return into a last call.
    Called =
        case returns(Behind) of
            true -> calls(anything, Function);
            false -> Function
        end,
    step(Behind, Called, Found, Entries, Context);
step(<<Op, Rest/bits>>, Function, Found, Entries, Context) when Op =/= 3 ->
    step(skip(element(Op, ?OPERANDS), Rest), Function, Found, Entries, Context);
step(_, Function, Found, Entries, _) ->
    {found(Function, Found), Entries}.

entry(<<?LABEL, Rest/bits>>) -> operand(Rest);
entry(<<Op, Rest/bits>>) -> entry(skip(element(Op, ?OPERANDS), Rest)).

found({none, _}, Found) -> Found;
found({MFA, Calls}, Found) -> Found#{MFA => lists:usort(Calls)}.

calls(Target, {MFA, Calls}) -> {MFA, [Target | Calls]}.

returns(<<?DEALLOCATE, Rest/bits>>) -> returns(skip(1, Rest));
returns(<<?RETURN, _/bits>>) -> true;
returns(_) -> false.

%%% Operands: the lowest three bits of the first byte say what it is, the others its value, or how long that is. Bytes are
%%% read whole and the rest as `bits', because OTP 29 does not load code from an older compiler in which a match skips bits or
%%% tests for whole bytes.

skip(0, Rest) ->
    Rest;
skip(N, <<First, Rest/bits>>) when First band 2#1000 =:= 0, First band 7 =/= 7 ->
    skip(N - 1, Rest);
skip(N, <<First, Rest/bits>>) ->
    {_, Left} = operand(First, Rest),
    skip(N - 1, Left).

operand(<<First, Rest/bits>>) -> operand(First, Rest).

operand(First, Rest) when First band 2#1111 =:= 7 ->
    extended(First bsr 4, Rest);
operand(First, Rest) when First band 2#1000 =:= 0 ->
    {First bsr 4, Rest};
operand(First, <<Low, Rest/bits>>) when First band 2#10000 =:= 0 ->
    {(First bsr 5) bsl 8 bor Low, Rest};
operand(First, Rest) when First bsr 5 =:= 7 ->
    {More, Rest1} = operand(Rest),
    {large, binary:part(Rest1, More + 9, byte_size(Rest1) - More - 9)};
operand(First, Rest) ->
    <<Value:(First bsr 5 + 2)/unit:8, Rest1/bits>> = Rest,
    {Value, Rest1}.

extended(1, Rest) ->
    {Size, Elements} = operand(Rest),
    {list, skip(Size, Elements)};
extended(3, Rest) ->
    {Size, Pairs} = operand(Rest),
    {list, skip(2 * Size, Pairs)};
extended(5, Rest) ->
    {typed, skip(2, Rest)};
extended(Kind, Rest) when Kind =:= 2; Kind =:= 4 ->
    operand(Rest).
