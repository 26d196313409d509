%% @doc Function patterns as text, in the languages of the people who type them. Pure; makes no atoms.
%%
%% ```
%% pattern  = ["&" | "fun "] function {"->" action {"," action}}
%% function = module [":" name ["/" arity]]              Erlang: lists:seq/2, lists:_/_, lists, 'my mod':'my fun'/1
%%          | Alias  ["." name ["/" arity]]              Elixir: Enum.map/2, MyApp.Repo.*, MyApp.Repo.get!
%%          | ":" module ["." name ["/" arity]]          Elixir: :lists.seq/2
%% action   = "return" | "exception"
%% '''
%% `_' and `*' stand for anything; what is left out is anything. Names that need it are quoted: `'...'' in Erlang
%% form, `"..."' in Elixir form; so `Kernel.*' is every function of Kernel and `Kernel."*"/2' is multiplication.
-module(beamtap_pattern).

-export([parse/1, print/1]).
-export_type([pattern/0, name/0]).

%% A name from a text stays text until it is known that there is such an atom.
-type name() :: atom() | binary().
-type pattern() :: #{
    what := {name() | '_', name() | '_', arity() | '_'} | {app, atom()},
    actions := [return | exception]
}.

-define(MAX_ARITY, 255).
%% The VM's limit for atoms, in characters.
-define(MAX_NAME, 255).

-define(IS_UPPER(C), (C >= $A andalso C =< $Z)).
-define(IS_DIGIT(C), (C >= $0 andalso C =< $9)).
-define(IS_LOWER(C), ((C >= $a andalso C =< $z) orelse (C >= 16#DF andalso C =< 16#FF andalso C =/= 16#F7))).
-define(IS_SPACE(C), (C =:= $\s orelse C =:= $\t orelse C =:= $\n orelse C =:= $\r)).

%% Longest first: `<' must not win where `<=' stands.
-define(ELIXIR_OPERATORS, [
    "<<<", ">>>", "|||", "&&&", "^^^", "~~~", "<~>", "<<~", "~>>", "===", "!==", "+++", "---",
    "<>", "++", "--", "..", "//", "**", "|>", "<~", "~>", "==", "!=", "=~", "<=", ">=", "&&", "||",
    "+", "-", "/", "<", ">", "!", "@"
]).

%% @doc Reads a pattern. An error names the character at which the text stopped making sense.
-spec parse(string() | binary()) -> {ok, pattern()} | beamtap_error:error().
parse(Text) ->
    try
        {ok, pattern(skip({chars(Text), 1}))}
    catch
        throw:{Position, Message} -> positioned(Text, Position, Message)
    end.

%% @doc The pattern as text; {@link parse/1} reads it back.
-spec print(pattern()) -> binary().
print(#{what := {app, App}, actions := Actions}) ->
    unicode:characters_to_binary([io_lib:format("{app,~tp}", [App]), print_actions(Actions)]);
print(#{what := {M, F, A}, actions := Actions}) ->
    Function =
        case elixir_alias(M) of
            {ok, Alias} -> [Alias, $., print_elixir(F), [["/", integer_to_list(A)] || A =/= '_']];
            none -> [print_erlang(M), $:, print_erlang(F), $/, print_arity(A)]
        end,
    unicode:characters_to_binary([Function, print_actions(Actions)]).

%%% Reading. The state of the reader is {Rest, Position of Rest's first character}.

chars(Text) ->
    try unicode:characters_to_list(Text) of
        Chars when is_list(Chars) -> Chars;
        {_, Good, _} -> throw({length(Good) + 1, "this is not a character"})
    catch
        error:badarg -> throw({1, "this is not a text"})
    end.

pattern({"&" ++ Rest, P}) ->
    function(skip({Rest, P + 1}));
pattern({"fun" ++ [C | Rest], P}) when ?IS_SPACE(C) ->
    function(skip({Rest, P + 4}));
pattern(S) ->
    function(S).

function({[Wild | Rest], P}) when Wild =:= $_; Wild =:= $* ->
    case {Rest, P + 1} of
        {":" ++ _, _} = S -> name(S, '_', erlang);
        {"." ++ _, _} = S -> name(S, '_', elixir);
        {_, At} = S -> wildcard_end(S, At)
    end;
function({[C | _], _} = S0) when ?IS_UPPER(C) ->
    {Segments, S} = alias_segments(S0, []),
    Module =
        case Segments of
            ["Elixir" | _] -> Segments;
            _ -> ["Elixir" | Segments]
        end,
    name(S, named(lists:append(lists:join(".", Module)), element(2, S0)), elixir);
function({":" ++ Rest, P}) ->
    {Module, S} = atom({Rest, P + 1}, $", "the name of a module"),
    name(S, Module, elixir);
function(S0) ->
    {Module, S} = atom(S0, $', "a module"),
    name(S, Module, erlang).

wildcard_end({[C | _], At}, _) when not ?IS_SPACE(C), C =/= $- ->
    throw({At, "after a wildcard for the module, : or . is expected"});
wildcard_end(S, _) ->
    actions(skip(S), {'_', '_', '_'}, []).

alias_segments({[C | _], _} = S0, Segments) when ?IS_UPPER(C) ->
    {Segment, S} = take(fun is_alias_char/1, S0),
    case S of
        {[$., Next | Rest], P} when ?IS_UPPER(Next) ->
            alias_segments({[Next | Rest], P + 1}, [Segment | Segments]);
        _ ->
            {lists:reverse([Segment | Segments]), S}
    end.

name({":" ++ Rest, P}, M, erlang) ->
    {F, S} = erlang_name({Rest, P + 1}),
    arity(S, M, F);
name({"." ++ Rest, P}, M, elixir) ->
    {F, S} = elixir_name({Rest, P + 1}),
    arity(S, M, F);
name({"." ++ _, P}, _, erlang) ->
    throw({P, "an Erlang module is followed by : (in Elixir form it is written :module.function)"});
name({":" ++ _, P}, _, elixir) ->
    throw({P, "a module in Elixir form is followed by a dot"});
name({"/" ++ _, P}, _, _) ->
    throw({P, "an arity stands behind a function, and there is only a module"});
name(S, M, _) ->
    actions(skip(S), {M, '_', '_'}, []).

erlang_name({[Wild | Rest], P}) when Wild =:= $_; Wild =:= $* ->
    {'_', ended({Rest, P + 1})};
erlang_name(S) ->
    atom(S, $', "a function or _").

elixir_name({"*" ++ Rest, P}) when Rest =:= []; hd(Rest) =/= $* ->
    {'_', ended({Rest, P + 1})};
elixir_name({[C | _], P} = S0) when ?IS_LOWER(C); C =:= $_; C > 16#FF ->
    case take(fun is_elixir_char/1, S0) of
        {"_", S} -> {'_', S};
        {Name, {[Mark | Rest], At}} when Mark =:= $?; Mark =:= $! -> {named(Name ++ [Mark], P), {Rest, At + 1}};
        {Name, S} -> {named(Name, P), S}
    end;
elixir_name({"\"" ++ _, _} = S) ->
    atom(S, $", "a function");
elixir_name({Rest, P}) ->
    Operators = [
        Operator
     || Operator <- ?ELIXIR_OPERATORS, lists:prefix(Operator, Rest), is_operator_end(lists:nthtail(length(Operator), Rest))
    ],
    case Operators of
        [Operator | _] ->
            {list_to_binary(Operator), {lists:nthtail(length(Operator), Rest), P + length(Operator)}};
        [] ->
            throw({P, "a function or * is expected"})
    end.

is_operator_end([]) -> true;
is_operator_end([$/, C | _]) -> ?IS_DIGIT(C) orelse C =:= $_ orelse C =:= $*;
is_operator_end([C | _]) -> ?IS_SPACE(C).

%% A wildcard is a whole name: `_foo' is not `_'.
ended({[C | _], P}) when ?IS_LOWER(C); ?IS_UPPER(C); ?IS_DIGIT(C); C =:= $_; C =:= $@ ->
    throw({P, "a wildcard stands for a whole name; a name that starts with _ is quoted"});
ended(S) ->
    S.

%% An atom, bare or quoted.
atom({[Quote | Rest], P}, Quote, _) ->
    quoted({Rest, P + 1}, Quote, P, []);
atom({[C | _], P} = S0, _, _) when ?IS_LOWER(C) ->
    {Name, S} = take(fun is_erlang_char/1, S0),
    {named(Name, P), S};
atom({_, P}, _, What) ->
    throw({P, [What, " is expected"]}).

quoted({[Quote | Rest], P}, Quote, Start, Name) ->
    case named(lists:reverse(Name), Start) of
        <<"_">> -> {'_', {Rest, P + 1}};
        Named -> {Named, {Rest, P + 1}}
    end;
quoted({"\\x{" ++ Rest, P}, Quote, Start, Name) ->
    case take(fun is_hex/1, {Rest, P + 3}) of
        {Digits, {"}" ++ After, At}} when Digits =/= [], length(Digits) =< 6 ->
            quoted({After, At + 1}, Quote, Start, [code_point(list_to_integer(Digits, 16), P) | Name]);
        {_, {_, At}} ->
            throw({At, "a character's number is written \\x{HEX}"})
    end;
quoted({[$\\, C | Rest], P}, Quote, Start, Name) when C =:= $\\; C =:= $'; C =:= $" ->
    quoted({Rest, P + 2}, Quote, Start, [C | Name]);
quoted({"\\" ++ _, P}, _, _, _) ->
    throw({P, "a backslash stands before a quote, a backslash, or x{HEX}"});
quoted({[C | Rest], P}, Quote, Start, Name) ->
    quoted({Rest, P + 1}, Quote, Start, [C | Name]);
quoted({[], _}, _, Start, _) ->
    throw({Start, "this quote is not closed"}).

code_point(N, _) when N < 16#D800; N > 16#DFFF, N =< 16#10FFFF -> N;
code_point(_, P) -> throw({P, "there is no such character"}).

named(Name, _) when length(Name) =< ?MAX_NAME -> unicode:characters_to_binary(Name);
named(_, P) -> throw({P, "a name has at most 255 characters"}).

arity({"/" ++ Rest, P}, M, F) ->
    case {Rest, P + 1} of
        {[Wild | After], At} when Wild =:= $_; Wild =:= $* ->
            actions(skip(ended({After, At + 1})), {M, F, '_'}, []);
        S0 ->
            {Digits, S} = take(fun(C) -> ?IS_DIGIT(C) end, S0),
            Arity =
                case string:to_integer(Digits) of
                    {N, ""} when N =< ?MAX_ARITY -> N;
                    _ -> throw({P + 1, "an arity is expected: a number up to 255, or _"})
                end,
            actions(skip(S), {M, F, Arity}, [])
    end;
arity(S, M, F) ->
    actions(skip(S), {M, F, '_'}, []).

actions({[], _}, What, Actions) ->
    #{what => What, actions => lists:usort(Actions)};
actions({"->" ++ Rest, P}, What, Actions) ->
    action(skip({Rest, P + 2}), What, Actions);
actions({"," ++ Rest, P}, What, [_ | _] = Actions) ->
    action(skip({Rest, P + 1}), What, Actions);
actions({_, P}, _, []) ->
    throw({P, "here the text should end, or -> return or -> exception follow"});
actions({_, P}, _, _) ->
    throw({P, "here the text should end, or a comma and another action follow"}).

action({_, P} = S0, What, Actions) ->
    case take(fun(C) -> ?IS_LOWER(C) end, S0) of
        {"return", S} -> actions(skip(S), What, [return | Actions]);
        {"exception", S} -> actions(skip(S), What, [exception | Actions]);
        _ -> throw({P, "return or exception is expected"})
    end.

skip({[C | Rest], P}) when ?IS_SPACE(C) -> skip({Rest, P + 1});
skip(S) -> S.

take(Accepts, {Chars, P}) ->
    {Taken, Rest} = lists:splitwith(Accepts, Chars),
    {Taken, {Rest, P + length(Taken)}}.

is_alias_char(C) -> (C >= $a andalso C =< $z) orelse ?IS_UPPER(C) orelse ?IS_DIGIT(C) orelse C =:= $_.
is_elixir_char(C) -> is_alias_char(C) orelse ?IS_LOWER(C) orelse C > 16#FF.
is_erlang_char(C) ->
    is_alias_char(C) orelse ?IS_LOWER(C) orelse C =:= $@ orelse (C >= 16#C0 andalso C =< 16#DE andalso C =/= 16#D7).
is_hex(C) -> ?IS_DIGIT(C) orelse (C >= $a andalso C =< $f) orelse (C >= $A andalso C =< $F).

positioned(Text, Position, Message) ->
    Shown =
        case unicode:characters_to_binary(Text) of
            Binary when is_binary(Binary) -> [$", string:slice(Binary, 0, 80), $"];
            _ -> "the pattern"
        end,
    {error, Reason} = beamtap_error:new(
        bad_pattern,
        [Shown, ", character ", integer_to_list(Position), ": ", Message],
        "write lists:seq/2, Enum.map/2, MyApp.Repo.*, lists:_/_ or lists:seq/2 -> return"
    ),
    {error, Reason#{position => Position}}.

%%% Writing

elixir_alias('_') ->
    none;
elixir_alias(Module) ->
    case text(Module) of
        "Elixir.Elixir" ++ _ -> none;
        "Elixir." ++ Alias -> alias_or_none(Alias);
        _ -> none
    end.

alias_or_none(Alias) ->
    IsSegment = fun
        ([C | Rest]) when ?IS_UPPER(C) -> lists:all(fun is_alias_char/1, Rest);
        (_) -> false
    end,
    case lists:all(IsSegment, string:split(Alias, ".", all)) of
        true -> {ok, Alias};
        false -> none
    end.

print_erlang('_') ->
    "_";
print_erlang(Name) ->
    case text(Name) of
        [C | Rest] = Bare when C >= $a, C =< $z ->
            case lists:all(fun is_alias_char/1, Rest) of
                true -> Bare;
                false -> print_quoted(Bare, $')
            end;
        Other ->
            print_quoted(Other, $')
    end.

print_elixir('_') ->
    "*";
print_elixir(Name) ->
    case text(Name) of
        [C | Rest] = Bare when (C >= $a andalso C =< $z); C =:= $_, Rest =/= [] ->
            {Body, Last} = lists:split(length(Rest) - min(1, length(Rest)), Rest),
            IsMark = Last =:= "?" orelse Last =:= "!",
            case lists:all(fun is_alias_char/1, Body) andalso (IsMark orelse lists:all(fun is_alias_char/1, Last)) of
                true -> Bare;
                false -> print_quoted(Bare, $")
            end;
        Other ->
            print_quoted(Other, $")
    end.

print_quoted(Name, Quote) ->
    [Quote, [print_char(C, Quote) || C <- Name], Quote].

print_char(C, Quote) when C =:= $\\; C =:= Quote -> [$\\, C];
print_char(C, _) when C < $\s; C >= 16#7F, C < 16#A0 -> io_lib:format("\\x{~.16B}", [C]);
print_char(C, _) -> C.

print_arity('_') -> "_";
print_arity(A) -> integer_to_list(A).

print_actions([]) -> [];
print_actions(Actions) -> [" -> ", lists:join(", ", [atom_to_list(A) || A <- Actions])].

text(Name) when is_atom(Name) -> atom_to_list(Name);
text(Name) -> unicode:characters_to_list(Name).
