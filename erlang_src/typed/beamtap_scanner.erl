%% @private
%% Reads the words of a pattern: white space, names, quoted texts and numbers, as Erlang and Elixir write them. Makes no
%% atoms.
%%
%% Names that need it are quoted: `'...'' in Erlang, `"..."' in Elixir. A quoted `_' is the wildcard.
-module(beamtap_scanner).

-export([new/1, skip/1, take/2, fail/2]).
-export([erlang_atom/2, elixir_atom/2, erlang_function/1, elixir_function/1, alias/1, quoted/1, variable/1, number/2]).
-export_type([cursor/0, problem/0]).

%% What is left of a text, and the position of its first character, counted from 1.
-type cursor() :: {[char()], pos_integer()}.
%% Why the text makes no sense; `beamtap_words_pattern' says it in a sentence.
-type problem() :: atom() | tuple().

%% The VM's limit for atoms, in characters.
-define(MAX_NAME, 255).
%% More digits than these are a slip, and cost quadratic time.
-define(MAX_DIGITS, 300).

-define(IS_UPPER(C), (C >= $A andalso C =< $Z)).
-define(IS_DIGIT(C), (C >= $0 andalso C =< $9)).
-define(IS_LOWER(C), ((C >= $a andalso C =< $z) orelse (C >= 16#DF andalso C =< 16#FF andalso C =/= 16#F7))).

%% Longest first: `<' must not win where `<=' stands.
-define(ELIXIR_OPERATORS, [
    "<<<", ">>>", "|||", "&&&", "^^^", "~~~", "<~>", "<<~", "~>>", "===", "!==", "+++", "---",
    "<>", "++", "--", "..", "//", "**", "|>", "<~", "~>", "==", "!=", "=~", "<=", ">=", "&&", "||",
    "+", "-", "/", "<", ">", "!", "@"
]).

%% @doc At the start of a text. Throws as {@link fail/2} does when it is none.
-spec new(term()) -> cursor().
new(Text) ->
    try unicode:characters_to_list(Text) of
        Chars when is_list(Chars) -> {Chars, 1};
        {_, Good, _} -> fail(length(Good) + 1, not_a_character)
    catch
        error:badarg -> fail(1, not_a_text)
    end.

%% @doc Behind white space.
-spec skip(cursor()) -> cursor().
skip({[C | Rest], P}) when C =:= $\s; C =:= $\t; C =:= $\n; C =:= $\r -> skip({Rest, P + 1});
skip(S) -> S.

%% @doc The characters that are accepted, and the cursor behind them.
-spec take(fun((char()) -> boolean()), cursor()) -> {[char()], cursor()}.
take(Accepts, {Chars, P}) ->
    {Taken, Rest} = lists:splitwith(Accepts, Chars),
    {Taken, {Rest, P + length(Taken)}}.

%% @doc Throws the position at which the text stopped making sense, and why.
-spec fail(pos_integer(), problem()) -> no_return().
fail(Position, Problem) -> throw({Position, Problem}).

%%% Names

%% @doc An atom as Erlang writes it; What says what is expected there.
-spec erlang_atom(cursor(), atom()) -> {beamtap_name:name() | '_', cursor()}.
erlang_atom(S, What) -> atom(S, $', What).

%% @doc An atom as Elixir writes it behind the colon.
-spec elixir_atom(cursor(), atom()) -> {beamtap_name:name() | '_', cursor()}.
elixir_atom(S, What) -> atom(S, $", What).

atom({[Quote | _], P} = S0, Quote, _) ->
    {Chars, S} = quoted(S0),
    case named(Chars, P) of
        <<"_">> -> {'_', S};
        Name -> {Name, S}
    end;
atom({[C | _], P} = S0, _, _) when ?IS_LOWER(C) ->
    {Name, S} = take(fun is_erlang_char/1, S0),
    {named(Name, P), S};
atom({_, P}, _, What) ->
    fail(P, {expected, What}).

%% @doc The name of a function, or a wildcard.
-spec erlang_function(cursor()) -> {beamtap_name:name() | '_', cursor()}.
erlang_function({[Wild | Rest], P}) when Wild =:= $_; Wild =:= $* ->
    {'_', whole({Rest, P + 1})};
erlang_function(S) ->
    atom(S, $', function_or_underscore).

-spec elixir_function(cursor()) -> {beamtap_name:name() | '_', cursor()}.
elixir_function({"*" ++ Rest, P}) when Rest =:= []; hd(Rest) =/= $* ->
    {'_', whole({Rest, P + 1})};
elixir_function({[C | _], P} = S0) when ?IS_LOWER(C); C =:= $_; C > 16#FF ->
    case take(fun is_elixir_char/1, S0) of
        {"_", S} -> {'_', S};
        {Name, {[Mark | Rest], At}} when Mark =:= $?; Mark =:= $! -> {named(Name ++ [Mark], P), {Rest, At + 1}};
        {Name, S} -> {named(Name, P), S}
    end;
elixir_function({"\"" ++ _, _} = S) ->
    atom(S, $", function);
elixir_function({Rest, P}) ->
    Operators = [
        Operator
     || Operator <- ?ELIXIR_OPERATORS, lists:prefix(Operator, Rest), is_operator_end(lists:nthtail(length(Operator), Rest))
    ],
    case Operators of
        [Operator | _] ->
            {list_to_binary(Operator), {lists:nthtail(length(Operator), Rest), P + length(Operator)}};
        [] ->
            fail(P, {expected, function_or_star})
    end.

is_operator_end([]) -> true;
is_operator_end([$/, C | _]) -> ?IS_DIGIT(C) orelse C =:= $_ orelse C =:= $*;
is_operator_end([$( | _]) -> true;
is_operator_end([C | _]) -> C =:= $\s orelse C =:= $\t orelse C =:= $\n orelse C =:= $\r.

%% A wildcard is a whole name: `_foo' is not `_'.
whole({[C | _], P}) when ?IS_LOWER(C); ?IS_UPPER(C); ?IS_DIGIT(C); C =:= $_; C =:= $@ ->
    fail(P, partial_wildcard);
whole(S) ->
    S.

%% @doc An Elixir alias, as the atom that it stands for.
-spec alias(cursor()) -> {beamtap_name:name(), cursor()} | none.
alias({[C | _], P} = S0) when ?IS_UPPER(C) ->
    {Segments, S} = segments(S0, []),
    Module =
        case Segments of
            ["Elixir" | _] -> Segments;
            _ -> ["Elixir" | Segments]
        end,
    {named(lists:append(lists:join(".", Module)), P), S};
alias(_) ->
    none.

segments({[C | _], _} = S0, Segments) when ?IS_UPPER(C) ->
    {Segment, S} = take(fun beamtap_name:is_part/1, S0),
    case S of
        {[$., Next | Rest], P} when ?IS_UPPER(Next) ->
            segments({[Next | Rest], P + 1}, [Segment | Segments]);
        _ ->
            {lists:reverse([Segment | Segments]), S}
    end.

%% @doc What stands in quotes, whichever they are; the cursor is at the first.
-spec quoted(cursor()) -> {[char()], cursor()}.
quoted({[Quote | Rest], P}) ->
    quoted({Rest, P + 1}, Quote, P, []).

quoted({[Quote | Rest], P}, Quote, _, Text) ->
    {lists:reverse(Text), {Rest, P + 1}};
quoted({"\\x{" ++ Rest, P}, Quote, Start, Text) ->
    case take(fun is_hex/1, {Rest, P + 3}) of
        {Digits, {"}" ++ After, At}} when Digits =/= [], length(Digits) =< 6 ->
            quoted({After, At + 1}, Quote, Start, [code_point(list_to_integer(Digits, 16), P) | Text]);
        {_, {_, At}} ->
            fail(At, {expected, hex_escape})
    end;
quoted({[$\\, C | Rest], P}, Quote, Start, Text) when C =:= $\\; C =:= $'; C =:= $" ->
    quoted({Rest, P + 2}, Quote, Start, [C | Text]);
quoted({[$\\, C | Rest], P}, Quote, Start, Text) when C =:= $n; C =:= $t; C =:= $r; C =:= $s; C =:= $e ->
    quoted({Rest, P + 2}, Quote, Start, [control(C) | Text]);
quoted({"\\" ++ _, P}, _, _, _) ->
    fail(P, unknown_escape);
quoted({[C | Rest], P}, Quote, Start, Text) ->
    quoted({Rest, P + 1}, Quote, Start, [C | Text]);
quoted({[], _}, _, Start, _) ->
    fail(Start, open_quote).

control($n) -> $\n;
control($t) -> $\t;
control($r) -> $\r;
control($s) -> $\s;
control($e) -> $\e.

code_point(N, _) when N < 16#D800; N > 16#DFFF, N =< 16#10FFFF -> N;
code_point(_, P) -> fail(P, not_a_character).

%% @doc A variable's or a word's characters.
-spec variable(cursor()) -> {[char()], cursor()}.
variable(S) -> take(fun is_erlang_char/1, S).

named(Name, _) when length(Name) =< ?MAX_NAME -> unicode:characters_to_binary(Name);
named(_, P) -> fail(P, {too_many, name_characters, ?MAX_NAME}).

is_elixir_char(C) -> beamtap_name:is_part(C) orelse ?IS_LOWER(C) orelse C > 16#FF.
is_erlang_char(C) ->
    beamtap_name:is_part(C) orelse ?IS_LOWER(C) orelse C =:= $@ orelse (C >= 16#C0 andalso C =< 16#DE andalso C =/= 16#D7).
is_hex(C) -> ?IS_DIGIT(C) orelse (C >= $a andalso C =< $f) orelse (C >= $A andalso C =< $F).

%%% Numbers

%% @doc The number at the cursor, which stands on a digit.
-spec number(erlang | elixir, cursor()) -> {{value, number()}, cursor()}.
number(L, {_, P} = S0) ->
    IsDigit = fun(C) -> ?IS_DIGIT(C) orelse C =:= $_ end,
    {Digits, S} = take(IsDigit, S0),
    case S of
        {[$., C | _], _} when ?IS_DIGIT(C) -> float(Digits, S, P);
        {"#" ++ Rest, At} when L =:= erlang -> based(integer(Digits, 10, P), {Rest, At + 1});
        {"x" ++ Rest, At} when L =:= elixir, Digits =:= "0" -> based(16, {Rest, At + 1});
        _ -> {{value, integer(Digits, 10, P)}, S}
    end.

based(Base, {_, P} = S0) when Base >= 2, Base =< 36 ->
    {Digits, S} = take(fun beamtap_name:is_part/1, S0),
    {{value, integer(Digits, Base, P)}, S};
based(_, {_, P}) ->
    fail(P - 1, {expected, base}).

integer(Text, Base, P) ->
    Digits = [C || C <- Text, C =/= $_],
    length(Digits) =< ?MAX_DIGITS orelse fail(P, {too_many, digits, ?MAX_DIGITS}),
    try
        list_to_integer(Digits, Base)
    catch
        error:badarg -> fail(P, {expected, number})
    end.

float(Whole, {"." ++ Rest, At}, P) ->
    {Fraction, S} = take(fun(C) -> ?IS_DIGIT(C) end, {Rest, At + 1}),
    {Exponent, End} = exponent(S),
    Digits = lists:append([[C || C <- Whole, C =/= $_], ".", Fraction, Exponent]),
    length(Digits) =< ?MAX_DIGITS orelse fail(P, {too_many, digits, ?MAX_DIGITS}),
    try
        {{value, list_to_float(Digits)}, End}
    catch
        error:badarg -> fail(P, {expected, number})
    end.

exponent({[E, C | Rest], P}) when (E =:= $e orelse E =:= $E), (?IS_DIGIT(C) orelse C =:= $- orelse C =:= $+) ->
    {Digits, S} = take(fun(D) -> ?IS_DIGIT(D) end, {Rest, P + 2}),
    {[$e, C | Digits], S};
exponent(S) ->
    {"", S}.
