%% @private
%% Which functions of a module call which others last, read from the module's object code.
%%
%% The code is decoded as far as it takes to step from instruction to instruction. Releases have neither the compiler nor
%% debug information, but every module has its code.
-module(beamtap_tail_calls).

-export([of_module/1, of_object_code/2]).
-export_type([calls/0]).

%% For each function those that it calls last; `anything' where a fun, apply or a name known at run time only decides.
-type calls() :: #{mfa() => [mfa() | anything]}.

%% The operands of each opcode, from 1 on, as the compiler's genop.tab lists them up to OTP 28.
-define(OPERANDS,
    {1, 3, 0, 2, 3, 2, 2, 3, 2, 4, 5, 2, 3, 2, 3, 2, 1, 1, 0, 0, 0, 0, 2, 1, 1, 2, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 3, 3, 3,
     3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 1, 2, 1, 2, 3, 3, 3, 3, 3, 2, 1, 1, 0, 1, 1, 3, 2, 2, 2, 5,
     5, 5, 4, 2, 1, 1, 2, 2, 5, 5, 5, 2, 1, 0, 1, 2, 2, 4, 4, 4, 4, 3, 1, 2, 1, 1, 1, 2, 6, 3, 5, 1, 2, 2, 3, 5, 7, 7, 7, 5,
     3, 2, 2, 5, 6, 2, 2, 2, 2, 1, 3, 4, 0, 8, 6, 2, 6, 5, 4, 5, 4, 5, 4, 3, 3, 3, 3, 3, 0, 1, 1, 7, 1, 5, 5, 2, 3, 3, 4, 0,
     0, 2, 2, 2, 3, 4, 3, 2, 2, 4, 3, 1, 2, 1, 1, 1, 6, 3, 0, 1, 5, 3, 2, 4}
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

%% @doc The last calls of a module; `unknown' where its code is not at hand, or not the one that is loaded.
-spec of_module(module()) -> {ok, calls()} | unknown.
of_module(Module) ->
    try
        {Module, Code, _} = code:get_object_code(Module),
        {ok, {Module, Md5}} = beam_lib:md5(Code),
        %% One that is not loaded is so from this file, when it is.
        true = not erlang:module_loaded(Module) orelse erlang:get_module_info(Module, md5) =:= Md5,
        of_object_code(Module, Code)
    catch
        error:_ -> unknown
    end.

%% @doc The last calls of a module's object code; `unknown' where it has instructions of a later release.
-spec of_object_code(module(), binary()) -> {ok, calls()} | unknown.
of_object_code(Module, ObjectCode) ->
    try
        {ok, {Module, Chunks}} = beam_lib:chunks(ObjectCode, [atoms, "ImpT", "Code"]),
        [{atoms, Atoms}, {"ImpT", <<_:32, Imports/binary>>}, {"Code", <<Head:32, Code/binary>>}] = Chunks,
        <<_:Head/binary, Instructions/binary>> = Code,
        Names = list_to_tuple([Atom || {_, Atom} <- Atoms]),
        Imported = list_to_tuple([
            {element(M, Names), element(F, Names), A}
         || <<M:32, F:32, A:32>> <= Imports
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

%% Code before the first function is none. The label behind a function's func_info is its entry.
functions(Code, Module, Names) ->
    step(Code, {none, []}, #{}, #{}, {Module, Names}).

step(<<?FUNC_INFO, Rest/binary>>, Function, Found, Entries, {Module, Names} = Context) ->
    {_, Rest1} = operand(Rest),
    {Name, Rest2} = operand(Rest1),
    {Arity, Rest3} = operand(Rest2),
    {Label, Rest4} = entry(Rest3),
    MFA = {Module, element(Name, Names), Arity},
    step(Rest4, {MFA, []}, found(Function, Found), Entries#{Label => MFA}, Context);
step(<<Op, Rest/binary>>, Function, Found, Entries, Context) when Op =:= ?CALL_ONLY; Op =:= ?CALL_LAST ->
    {_, Rest1} = operand(Rest),
    {Label, Rest2} = operand(Rest1),
    step(skip(element(Op, ?OPERANDS) - 2, Rest2), calls({label, Label}, Function), Found, Entries, Context);
step(<<Op, Rest/binary>>, Function, Found, Entries, Context) when Op =:= ?CALL_EXT_ONLY; Op =:= ?CALL_EXT_LAST ->
    {_, Rest1} = operand(Rest),
    {Index, Rest2} = operand(Rest1),
    step(skip(element(Op, ?OPERANDS) - 2, Rest2), calls({import, Index}, Function), Found, Entries, Context);
step(<<?APPLY_LAST, Rest/binary>>, Function, Found, Entries, Context) ->
    step(skip(2, Rest), calls(anything, Function), Found, Entries, Context);
step(<<Op, Rest/binary>>, Function, Found, Entries, Context) when Op =:= ?CALL_FUN; Op =:= ?CALL_FUN2; Op =:= ?APPLY ->
    Behind = skip(element(Op, ?OPERANDS), Rest),
    %% The loader makes a last call of a call before a return.
    Called =
        case returns(Behind) of
            true -> calls(anything, Function);
            false -> Function
        end,
    step(Behind, Called, Found, Entries, Context);
step(<<Op, Rest/binary>>, Function, Found, Entries, Context) when Op =/= 3 ->
    step(skip(element(Op, ?OPERANDS), Rest), Function, Found, Entries, Context);
step(_, Function, Found, Entries, _) ->
    {found(Function, Found), Entries}.

entry(<<?LABEL, Rest/binary>>) -> operand(Rest);
entry(<<Op, Rest/binary>>) -> entry(skip(element(Op, ?OPERANDS), Rest)).

found({none, _}, Found) -> Found;
found({MFA, Calls}, Found) -> Found#{MFA => lists:usort(Calls)}.

calls(Target, {MFA, Calls}) -> {MFA, [Target | Calls]}.

returns(<<?DEALLOCATE, Rest/binary>>) -> returns(skip(1, Rest));
returns(<<?RETURN, _/binary>>) -> true;
returns(_) -> false.

%%% Operands: three bits say what it is, the others its value, or how long that is.

skip(0, Rest) ->
    Rest;
skip(N, <<_:4, 0:1, Tag:3, Rest/binary>>) when Tag =/= 7 ->
    skip(N - 1, Rest);
skip(N, <<_:3, 0:1, 1:1, Tag:3, _, Rest/binary>>) when Tag =/= 7 ->
    skip(N - 1, Rest);
skip(N, Code) ->
    {_, Rest} = operand(Code),
    skip(N - 1, Rest).

operand(<<1:4, 0:1, 7:3, Rest/binary>>) ->
    {Size, Elements} = operand(Rest),
    {list, skip(Size, Elements)};
operand(<<3:4, 0:1, 7:3, Rest/binary>>) ->
    {Size, Pairs} = operand(Rest),
    {list, skip(2 * Size, Pairs)};
operand(<<5:4, 0:1, 7:3, Rest/binary>>) ->
    {typed, skip(2, Rest)};
operand(<<Kind:4, 0:1, 7:3, Rest/binary>>) when Kind =:= 2; Kind =:= 4 ->
    operand(Rest);
operand(<<Value:4, 0:1, Tag:3, Rest/binary>>) when Tag =/= 7 ->
    {Value, Rest};
operand(<<High:3, 0:1, 1:1, _:3, Low, Rest/binary>>) ->
    {High bsl 8 bor Low, Rest};
operand(<<7:3, 1:1, 1:1, _:3, Rest/binary>>) ->
    {More, Rest1} = operand(Rest),
    <<_:(More + 9)/binary, Rest2/binary>> = Rest1,
    {large, Rest2};
operand(<<Size:3, 1:1, 1:1, _:3, Rest/binary>>) ->
    <<Value:(Size + 2)/unit:8, Rest1/binary>> = Rest,
    {Value, Rest1}.
