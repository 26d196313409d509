%% @private
%% Names of modules, functions and atoms as Erlang and Elixir write them. Makes no atoms.
%%
%% Names that need it are quoted: `'...'' in Erlang, `"..."' in Elixir. A quoted `_' is the wildcard.
-module(beamtap_name).

-export([erlang_atom/2, elixir_atom/2, erlang_function/1, elixir_function/1, alias/1, quoted/1, variable/1]).
-export([print_erlang/1, print_elixir/1, print_atom/2, print_quoted/2, elixir_alias/1, text/1]).
-export([is_part/1, existing/1]).
-export_type([name/0]).

%% A name from a text stays text until it is known that there is such an atom.
-type name() :: atom() | binary().
-type cursor() :: beamtap_cursor:cursor().

%% The VM's limit for atoms, in characters.
-define(MAX_NAME, 255).

-define(IS_UPPER(C), (C >= $A andalso C =< $Z)).
-define(IS_DIGIT(C), (C >= $0 andalso C =< $9)).
-define(IS_LOWER(C), ((C >= $a andalso C =< $z) orelse (C >= 16#DF andalso C =< 16#FF andalso C =/= 16#F7))).

%% Longest first: `<' must not win where `<=' stands.
-define(ELIXIR_OPERATORS, [
    "<<<", ">>>", "|||", "&&&", "^^^", "~~~", "<~>", "<<~", "~>>", "===", "!==", "+++", "---",
    "<>", "++", "--", "..", "//", "**", "|>", "<~", "~>", "==", "!=", "=~", "<=", ">=", "&&", "||",
    "+", "-", "/", "<", ">", "!", "@"
]).

%%% Reading

%% @doc An atom as Erlang writes it; What says what is expected there.
-spec erlang_atom(cursor(), string()) -> {name() | '_', cursor()}.
erlang_atom(S, What) -> atom(S, $', What).

%% @doc An atom as Elixir writes it behind the colon.
-spec elixir_atom(cursor(), string()) -> {name() | '_', cursor()}.
elixir_atom(S, What) -> atom(S, $", What).

atom({[Quote | _], P} = S0, Quote, _) ->
    {Chars, S} = quoted(S0),
    case named(Chars, P) of
        <<"_">> -> {'_', S};
        Name -> {Name, S}
    end;
atom({[C | _], P} = S0, _, _) when ?IS_LOWER(C) ->
    {Name, S} = beamtap_cursor:take(fun is_erlang_char/1, S0),
    {named(Name, P), S};
atom({_, P}, _, What) ->
    beamtap_cursor:fail(P, [What, " is expected"]).

%% @doc The name of a function, or a wildcard.
-spec erlang_function(cursor()) -> {name() | '_', cursor()}.
erlang_function({[Wild | Rest], P}) when Wild =:= $_; Wild =:= $* ->
    {'_', whole({Rest, P + 1})};
erlang_function(S) ->
    atom(S, $', "a function or _").

-spec elixir_function(cursor()) -> {name() | '_', cursor()}.
elixir_function({"*" ++ Rest, P}) when Rest =:= []; hd(Rest) =/= $* ->
    {'_', whole({Rest, P + 1})};
elixir_function({[C | _], P} = S0) when ?IS_LOWER(C); C =:= $_; C > 16#FF ->
    case beamtap_cursor:take(fun is_elixir_char/1, S0) of
        {"_", S} -> {'_', S};
        {Name, {[Mark | Rest], At}} when Mark =:= $?; Mark =:= $! -> {named(Name ++ [Mark], P), {Rest, At + 1}};
        {Name, S} -> {named(Name, P), S}
    end;
elixir_function({"\"" ++ _, _} = S) ->
    atom(S, $", "a function");
elixir_function({Rest, P}) ->
    Operators = [
        Operator
     || Operator <- ?ELIXIR_OPERATORS, lists:prefix(Operator, Rest), is_operator_end(lists:nthtail(length(Operator), Rest))
    ],
    case Operators of
        [Operator | _] ->
            {list_to_binary(Operator), {lists:nthtail(length(Operator), Rest), P + length(Operator)}};
        [] ->
            beamtap_cursor:fail(P, "a function or * is expected")
    end.

is_operator_end([]) -> true;
is_operator_end([$/, C | _]) -> ?IS_DIGIT(C) orelse C =:= $_ orelse C =:= $*;
is_operator_end([$( | _]) -> true;
is_operator_end([C | _]) -> C =:= $\s orelse C =:= $\t orelse C =:= $\n orelse C =:= $\r.

%% A wildcard is a whole name: `_foo' is not `_'.
whole({[C | _], P}) when ?IS_LOWER(C); ?IS_UPPER(C); ?IS_DIGIT(C); C =:= $_; C =:= $@ ->
    beamtap_cursor:fail(P, "a wildcard stands for a whole name; a name that starts with _ is quoted");
whole(S) ->
    S.

%% @doc An Elixir alias, as the atom that it stands for.
-spec alias(cursor()) -> {name(), cursor()} | none.
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
    {Segment, S} = beamtap_cursor:take(fun is_part/1, S0),
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
    case beamtap_cursor:take(fun is_hex/1, {Rest, P + 3}) of
        {Digits, {"}" ++ After, At}} when Digits =/= [], length(Digits) =< 6 ->
            quoted({After, At + 1}, Quote, Start, [code_point(list_to_integer(Digits, 16), P) | Text]);
        {_, {_, At}} ->
            beamtap_cursor:fail(At, "a character's number is written \\x{HEX}")
    end;
quoted({[$\\, C | Rest], P}, Quote, Start, Text) when C =:= $\\; C =:= $'; C =:= $" ->
    quoted({Rest, P + 2}, Quote, Start, [C | Text]);
quoted({[$\\, C | Rest], P}, Quote, Start, Text) when C =:= $n; C =:= $t; C =:= $r; C =:= $s; C =:= $e ->
    quoted({Rest, P + 2}, Quote, Start, [control(C) | Text]);
quoted({"\\" ++ _, P}, _, _, _) ->
    beamtap_cursor:fail(P, "a backslash stands before a quote, a backslash, n, t, r, s, e, or x{HEX}");
quoted({[C | Rest], P}, Quote, Start, Text) ->
    quoted({Rest, P + 1}, Quote, Start, [C | Text]);
quoted({[], _}, _, Start, _) ->
    beamtap_cursor:fail(Start, "this quote is not closed").

control($n) -> $\n;
control($t) -> $\t;
control($r) -> $\r;
control($s) -> $\s;
control($e) -> $\e.

code_point(N, _) when N < 16#D800; N > 16#DFFF, N =< 16#10FFFF -> N;
code_point(_, P) -> beamtap_cursor:fail(P, "there is no such character").

%% @doc A variable's or a word's characters.
-spec variable(cursor()) -> {[char()], cursor()}.
variable(S) -> beamtap_cursor:take(fun is_erlang_char/1, S).

named(Name, _) when length(Name) =< ?MAX_NAME -> unicode:characters_to_binary(Name);
named(_, P) -> beamtap_cursor:fail(P, "a name has at most 255 characters").

%% @doc A character that can stand in any name without quotes.
-spec is_part(char()) -> boolean().
is_part(C) -> (C >= $a andalso C =< $z) orelse ?IS_UPPER(C) orelse ?IS_DIGIT(C) orelse C =:= $_.

is_elixir_char(C) -> is_part(C) orelse ?IS_LOWER(C) orelse C > 16#FF.
is_erlang_char(C) ->
    is_part(C) orelse ?IS_LOWER(C) orelse C =:= $@ orelse (C >= 16#C0 andalso C =< 16#DE andalso C =/= 16#D7).
is_hex(C) -> ?IS_DIGIT(C) orelse (C >= $a andalso C =< $f) orelse (C >= $A andalso C =< $F).

%%% Writing

%% @doc The alias of a module whose name is one.
-spec elixir_alias(name() | '_') -> {ok, string()} | none.
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
        ([C | Rest]) when ?IS_UPPER(C) -> lists:all(fun is_part/1, Rest);
        (_) -> false
    end,
    case lists:all(IsSegment, string:split(Alias, ".", all)) of
        true -> {ok, Alias};
        false -> none
    end.

-spec print_erlang(name() | '_') -> iodata() | string().
print_erlang('_') ->
    "_";
print_erlang(Name) ->
    case text(Name) of
        [C | Rest] = Bare when C >= $a, C =< $z ->
            case lists:all(fun is_part/1, Rest) of
                true -> Bare;
                false -> print_quoted(Bare, $')
            end;
        Other ->
            print_quoted(Other, $')
    end.

-spec print_elixir(name() | '_') -> iodata() | string().
print_elixir('_') ->
    "*";
print_elixir(Name) ->
    case text(Name) of
        [C | Rest] = Bare when (C >= $a andalso C =< $z); C =:= $_, Rest =/= [] ->
            {Body, Last} = lists:split(length(Rest) - min(1, length(Rest)), Rest),
            IsMark = Last =:= "?" orelse Last =:= "!",
            case lists:all(fun is_part/1, Body) andalso (IsMark orelse lists:all(fun is_part/1, Last)) of
                true -> Bare;
                false -> print_quoted(Bare, $")
            end;
        Other ->
            print_quoted(Other, $")
    end.

%% @doc An atom as a value.
-spec print_atom(erlang | elixir, name()) -> iodata() | string().
print_atom(erlang, Name) ->
    print_erlang(Name);
print_atom(elixir, Name) ->
    case elixir_alias(Name) of
        {ok, Alias} ->
            Alias;
        none ->
            case text(Name) of
                [C | Rest] = Bare when C >= $a, C =< $z ->
                    case lists:all(fun is_part/1, Rest) of
                        true -> [$:, Bare];
                        false -> [$:, print_quoted(Bare, $")]
                    end;
                Other ->
                    [$:, print_quoted(Other, $")]
            end
    end.

-spec print_quoted(string(), char()) -> iolist().
print_quoted(Text, Quote) ->
    [Quote, [print_char(C, Quote) || C <- Text], Quote].

print_char(C, Quote) when C =:= $\\; C =:= Quote -> [$\\, C];
print_char(C, _) when C < $\s; C >= 16#7F, C < 16#A0 -> io_lib:format("\\x{~.16B}", [C]);
print_char(C, _) -> C.

-spec text(name()) -> string().
text(Name) when is_atom(Name) -> atom_to_list(Name);
text(Name) -> unicode:characters_to_list(Name).

%% @doc The atom of this name, if there is one.
-spec existing(name()) -> {ok, atom()} | none.
existing(Name) when is_atom(Name) ->
    {ok, Name};
existing(Name) ->
    try
        {ok, binary_to_existing_atom(Name)}
    catch
        error:_ -> none
    end.
