%% @doc Function patterns as text, in the languages of the people who type them. Pure; makes no atoms.
%%
%% ```
%% pattern   = ["&" | "fun "] function ["when" guard] {"->" action {"," action}}
%% function  = module [":" name ["/" arity | arguments]]     Erlang: lists:seq/2, lists:_/_, lists, 'my mod':'my fun'/1
%%           | Alias  ["." name ["/" arity | arguments]]     Elixir: Enum.map/2, MyApp.Repo.*, MyApp.Repo.get!
%%           | Alias ".**" ["." name ["/" arity | arguments]] Elixir: MyApp.**, the module and all below it; MyApp.**.init/1
%%           | ":" module ["." name ["/" arity | arguments]] Elixir: :lists.seq/2
%% arguments = "(" [value {"," value}] ")"                   lists:seq(1, B), Enum.map(_, f), Repo.get(User, id)
%% guard     = as behind when in a function                  B > 1000, is_integer(B); is_function(f) and id != nil
%% action    = "return" | "return!" | "exception"
%% '''
%% `_' and `*' stand for anything, and so does what is left out. Names that need it are quoted: ``'...' '' in Erlang
%% form, `"..."' in Elixir form; so `Kernel.*' is every function of Kernel and `Kernel."*"/2' is multiplication, `Kernel."**"/2' the power.
%% Arguments and guard are in the language of the function's form; a guard may call what a match specification may.
%% `return' and `exception' both record how calls end, by a return or by an exception, since the VM reports the two together.
%% A function that makes a tail call to itself is recorded without `return'. `return!' records its returns, too; each such
%% call then leaves a frame on its process's stack.
-module(beamtap_pattern).

-export([parse/1, print/1]).
-export_type([pattern/0, name/0, module_name/0, action/0, head/0]).

-type name() :: beamtap_name:name().
%% `below': a module of Elixir's and all whose names begin with its name and a dot.
-type module_name() :: name() | '_' | {below, name()}.
-type action() :: return | 'return!' | exception.
%% What the arguments have to be, and alternatives of which one has to hold.
-type head() :: #{arguments := [beamtap_expression:expression()], guard := [beamtap_expression:expression()]}.
%% `match_spec' is one that the user wrote; texts have a `head' instead.
-type pattern() :: #{
    what := {module_name(), name() | '_', arity() | '_'} | {app, atom()} | {behaviour, atom()},
    actions := [action()],
    head => head(),
    match_spec => list()
}.

-define(MAX_ARITY, 255).
-define(IS_UPPER(C), (C >= $A andalso C =< $Z)).
-define(IS_LOWER(C), (C >= $a andalso C =< $z)).
-define(IS_DIGIT(C), (C >= $0 andalso C =< $9)).
-define(IS_SPACE(C), (C =:= $\s orelse C =:= $\t orelse C =:= $\n orelse C =:= $\r)).

%% @doc Reads a pattern. An error names the character at which the text stopped making sense.
-spec parse(unicode:chardata()) -> {ok, pattern()} | beamtap_error:error().
parse(Text) ->
    try
        {ok, pattern(beamtap_scanner:skip(beamtap_scanner:new(Text)))}
    catch
        throw:{Position, Problem} ->
            {error, #{reason => bad_pattern, pattern => Text, position => Position, problem => Problem}}
    end.

%% @doc The pattern as text; {@link parse/1} reads it back.
-spec print(pattern()) -> binary().
print(#{what := {Group, Name}, actions := Actions}) ->
    unicode:characters_to_binary([io_lib:format("{~p,~tp}", [Group, Name]), print_actions(Actions)]);
print(#{what := {M, F, A}, actions := Actions} = Pattern) ->
    {Language, Function} = print_function(M, F, A),
    Behind =
        case Pattern of
            #{head := #{arguments := Arguments, guard := Guard}} ->
                [
                    beamtap_expression:print_arguments(Language, Arguments),
                    beamtap_expression:print_guard(Language, Guard)
                ];
            #{} when A =:= '_', Language =:= elixir -> [];
            #{} when A =:= '_' -> "/_";
            #{} -> [$/, integer_to_list(A)]
        end,
    unicode:characters_to_binary([Function, Behind, print_actions(Actions)]).

print_function({below, M}, F, A) ->
    Alias =
        case beamtap_name:elixir_alias(M) of
            {ok, Short} -> Short;
            none -> beamtap_name:text(M)
        end,
    {elixir, [Alias, ".**", [[$., beamtap_name:print_elixir(F)] || {F, A} =/= {'_', '_'}]]};
print_function(M, F, _) ->
    case beamtap_name:elixir_alias(M) of
        {ok, Alias} -> {elixir, [Alias, $., beamtap_name:print_elixir(F)]};
        none -> {erlang, [beamtap_name:print_erlang(M), $:, beamtap_name:print_erlang(F)]}
    end.

%%% Reading

pattern({"&" ++ Rest, P}) ->
    function(beamtap_scanner:skip({Rest, P + 1}));
pattern({"fun" ++ [C | Rest], P}) when ?IS_SPACE(C) ->
    function(beamtap_scanner:skip({Rest, P + 4}));
pattern(S) ->
    function(S).

function({[Wild | Rest], P}) when Wild =:= $_; Wild =:= $* ->
    case {Rest, P + 1} of
        {":" ++ _, _} = S -> name(S, '_', erlang);
        {"." ++ _, _} = S -> name(S, '_', elixir);
        {_, At} = S -> wildcard_end(S, At)
    end;
function({[C | _], _} = S0) when ?IS_UPPER(C) ->
    case beamtap_scanner:alias(S0) of
        %% With an arity or arguments it is the operator.
        {Module, {".**" ++ Rest, P}} when Rest =:= []; ?IS_SPACE(hd(Rest)); hd(Rest) =:= $-; hd(Rest) =:= $. ->
            name({Rest, P + 3}, {below, Module}, elixir);
        {Module, S} ->
            name(S, Module, elixir)
    end;
function({":" ++ Rest, P}) ->
    {Module, S} = beamtap_scanner:elixir_atom({Rest, P + 1}, module),
    name(S, Module, elixir);
function(S0) ->
    {Module, S} = beamtap_scanner:erlang_atom(S0, module),
    name(S, Module, erlang).

wildcard_end({[C | _], At}, _) when not ?IS_SPACE(C), C =/= $- ->
    beamtap_scanner:fail(At, {expected, colon_or_dot});
wildcard_end(S, _) ->
    actions(beamtap_scanner:skip(S), #{what => {'_', '_', '_'}}, []).

name({":" ++ Rest, P}, M, erlang) ->
    {F, S} = beamtap_scanner:erlang_function({Rest, P + 1}),
    arity(S, M, F, erlang);
name({"." ++ Rest, P}, M, elixir) ->
    {F, S} = beamtap_scanner:elixir_function({Rest, P + 1}),
    arity(S, M, F, elixir);
name({"." ++ _, P}, _, erlang) ->
    beamtap_scanner:fail(P, dot_behind_erlang_module);
name({":" ++ _, P}, _, elixir) ->
    beamtap_scanner:fail(P, colon_behind_elixir_module);
name({"/" ++ _, P}, _, _) ->
    beamtap_scanner:fail(P, {without_function, arity});
name({"(" ++ _, P}, _, _) ->
    beamtap_scanner:fail(P, {without_function, arguments});
name(S, M, _) ->
    actions(beamtap_scanner:skip(S), #{what => {M, '_', '_'}}, []).

arity({"/" ++ Rest, P}, M, F, _) ->
    case {Rest, P + 1} of
        {[Wild | After], At} when Wild =:= $_; Wild =:= $* ->
            unguarded({After, At + 1}, #{what => {M, F, '_'}});
        S0 ->
            {Digits, S} = beamtap_scanner:take(fun(C) -> ?IS_DIGIT(C) end, S0),
            Arity =
                case length(Digits) =< 3 andalso string:to_integer(Digits) of
                    {N, ""} when N =< ?MAX_ARITY -> N;
                    _ -> beamtap_scanner:fail(P + 1, {expected, arity})
                end,
            unguarded(S, #{what => {M, F, Arity}})
    end;
arity({"(" ++ _, _} = S0, M, F, Language) ->
    {Arguments, S} = beamtap_expression_reader:arguments(Language, S0),
    {Guard, End} =
        case beamtap_scanner:skip(S) of
            {"when" ++ [C | Rest], P} when ?IS_SPACE(C); C =:= $( ->
                beamtap_expression_reader:guard(Language, {[C | Rest], P + 4});
            Unguarded ->
                {[], Unguarded}
        end,
    What = {M, F, length(Arguments)},
    case beamtap_expression:number(Arguments, Guard) of
        {Any, []} ->
            case lists:all(fun(A) -> A =:= '_' end, Any) of
                true -> actions(End, #{what => What}, []);
                false -> actions(End, #{what => What, head => #{arguments => Any, guard => []}}, [])
            end;
        {Numbered, Guards} ->
            actions(End, #{what => What, head => #{arguments => Numbered, guard => Guards}}, [])
    end;
arity(S, M, F, _) ->
    unguarded(S, #{what => {M, F, '_'}}).

%% A wildcard is a whole name or number.
unguarded({[C | _], P}, _) when ?IS_LOWER(C); ?IS_UPPER(C); ?IS_DIGIT(C); C =:= $_; C =:= $@ ->
    beamtap_scanner:fail(P, {expected, action_or_end});
unguarded(S0, Pattern) ->
    case beamtap_scanner:skip(S0) of
        {"when" ++ [C | _], P} when ?IS_SPACE(C) ->
            beamtap_scanner:fail(P, guard_without_arguments);
        S ->
            actions(S, Pattern, [])
    end.

actions({[], _}, Pattern, Actions) ->
    Pattern#{actions => lists:usort(Actions)};
actions({"->" ++ Rest, P}, Pattern, Actions) ->
    action(beamtap_scanner:skip({Rest, P + 2}), Pattern, Actions);
actions({"," ++ Rest, P}, Pattern, [_ | _] = Actions) ->
    action(beamtap_scanner:skip({Rest, P + 1}), Pattern, Actions);
actions({_, P}, #{head := #{guard := [_ | _]}}, []) ->
    beamtap_scanner:fail(P, {expected, operator_or_end});
actions({_, P}, _, []) ->
    beamtap_scanner:fail(P, {expected, action_or_end});
actions({_, P}, _, _) ->
    beamtap_scanner:fail(P, {expected, comma_or_end}).

action({_, P} = S0, Pattern, Actions) ->
    case beamtap_scanner:take(fun(C) -> ?IS_LOWER(C) end, S0) of
        {"return", {"!" ++ Rest, At}} -> actions(beamtap_scanner:skip({Rest, At + 1}), Pattern, ['return!' | Actions]);
        {"return", S} -> actions(beamtap_scanner:skip(S), Pattern, [return | Actions]);
        {"exception", S} -> actions(beamtap_scanner:skip(S), Pattern, [exception | Actions]);
        _ -> beamtap_scanner:fail(P, {expected, action})
    end.

%%% Writing

print_actions([]) -> [];
print_actions(Actions) -> [" -> ", lists:join(", ", [atom_to_list(A) || A <- Actions])].
