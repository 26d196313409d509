%% @private
%% Arguments and guards of a pattern. Pure; makes no atoms.
%%
%% Variables lose their names: they are numbered in the order in which the arguments bring them, as a match
%% specification numbers them, and are written A, B, C or a, b, c.
-module(beamtap_expression).

-export([number/2, operators/1, print_arguments/2, print_guard/2]).
-export_type([expression/0, language/0]).

-type language() :: erlang | elixir.
-type expression() ::
    '_'
    | {var, pos_integer()}
    | {value, number() | binary()}
    | {string, [char(), ...]}
    | {atom, beamtap_name:name()}
    | {tuple, [expression()]}
    | {list, [expression()], expression() | none}
    | {map, [{expression(), expression()}]}
    | {apply, atom(), [expression()]}.

-define(MAX_VARIABLES, 255).

%% Operators, longest first: as written, in a match specification, how strongly they bind.
-define(ERLANG_OPERATORS, [
    {"=:=", '=:=', 3}, {"=/=", '=/=', 3}, {"==", '==', 3}, {"/=", '/=', 3}, {"=<", '=<', 3}, {">=", '>=', 3},
    {"<", '<', 3}, {">", '>', 3}, {"+", '+', 5}, {"-", '-', 5}, {"*", '*', 6}, {"/", '/', 6}
]).
-define(ERLANG_WORDS, [
    {"orelse", 'orelse', 1}, {"andalso", 'andalso', 2}, {"or", 'or', 5}, {"xor", 'xor', 5}, {"bor", 'bor', 5},
    {"bxor", 'bxor', 5}, {"bsl", 'bsl', 5}, {"bsr", 'bsr', 5}, {"and", 'and', 6}, {"div", 'div', 6}, {"rem", 'rem', 6},
    {"band", 'band', 6}
]).
-define(ELIXIR_OPERATORS, [
    {"===", '=:=', 3}, {"!==", '=/=', 3}, {"==", '==', 3}, {"!=", '/=', 3}, {"<=", '=<', 4}, {">=", '>=', 4},
    {"<", '<', 4}, {">", '>', 4}, {"+", '+', 5}, {"-", '-', 5}, {"*", '*', 6}, {"/", '/', 6}
]).
-define(ELIXIR_WORDS, [{"or", 'orelse', 1}, {"and", 'andalso', 2}]).

%% @doc What is written between two operands: as written, in a match specification, how strongly it binds; symbols
%% longest first, and words.
-spec operators(language()) -> {[{string(), atom(), pos_integer()}], [{string(), atom(), pos_integer()}]}.
operators(erlang) -> {?ERLANG_OPERATORS, ?ERLANG_WORDS};
operators(elixir) -> {?ELIXIR_OPERATORS, ?ELIXIR_WORDS}.

%%% Numbering

%% @doc Gives variables their numbers; a variable of a guard must be one of the arguments'.
-spec number([term()], [term()]) -> {[expression()], [expression()]}.
number(Arguments, Guard) ->
    {Numbered, Known} = lists:mapfoldl(fun bind/2, #{}, Arguments),
    {Numbered, [element(1, refer(G, Known)) || G <- Guard]}.

bind(Expression, Known) ->
    walk(
        fun(Name, P, Seen) ->
            case Seen of
                #{Name := N} ->
                    {N, Seen};
                #{} ->
                    N = map_size(Seen) + 1,
                    N =< ?MAX_VARIABLES orelse beamtap_scanner:fail(P, {too_many, variables, ?MAX_VARIABLES}),
                    {N, Seen#{Name => N}}
            end
        end,
        Expression,
        Known
    ).

refer(Expression, Known) ->
    walk(
        fun(Name, P, Seen) ->
            case Seen of
                #{Name := N} -> {N, Seen};
                #{} -> beamtap_scanner:fail(P, {unbound, Name})
            end
        end,
        Expression,
        Known
    ).

walk(Of, {var, Name, P}, Seen) ->
    {N, Seen1} = Of(Name, P, Seen),
    {{var, N}, Seen1};
walk(Of, {tuple, Elements}, Seen) ->
    {Walked, Seen1} = walk_all(Of, Elements, Seen),
    {{tuple, Walked}, Seen1};
walk(Of, {list, Elements, Tail}, Seen) ->
    {Walked, Seen1} = walk_all(Of, Elements, Seen),
    {WalkedTail, Seen2} = walk(Of, Tail, Seen1),
    {{list, Walked, WalkedTail}, Seen2};
walk(Of, {map, Pairs}, Seen) ->
    {Walked, Seen1} = walk_all(Of, [V || {_, V} <- Pairs], Seen),
    {{map, lists:zip([K || {K, _} <- Pairs], Walked)}, Seen1};
walk(Of, {apply, Op, Arguments}, Seen) ->
    {Walked, Seen1} = walk_all(Of, Arguments, Seen),
    {{apply, Op, Walked}, Seen1};
walk(_, Other, Seen) ->
    {Other, Seen}.

walk_all(Of, Expressions, Seen) ->
    lists:mapfoldl(fun(E, S) -> walk(Of, E, S) end, Seen, Expressions).

%%% Writing

%% @doc Arguments in parentheses.
-spec print_arguments(language(), [expression()]) -> unicode:chardata().
print_arguments(L, Arguments) ->
    ["(", commas(L, Arguments), ")"].

%% @doc The guard with its `when', or nothing.
-spec print_guard(language(), [expression()]) -> unicode:chardata().
print_guard(_, []) ->
    [];
print_guard(L, Guard) ->
    Or =
        case L of
            erlang -> "; ";
            elixir -> " when "
        end,
    [" when ", lists:join(Or, [print(L, G) || G <- Guard])].

commas(L, Expressions) -> lists:join(", ", [print(L, E) || E <- Expressions]).

print(_, '_') -> "_";
print(L, {var, N}) -> print_variable(L, N);
print(_, {value, N}) when is_integer(N) -> integer_to_list(N);
print(_, {value, F}) when is_float(F) -> float_to_list(F, [short]);
print(L, {value, Binary}) -> print_binary(L, Binary);
print(erlang, {string, Text}) -> beamtap_name:print_quoted(Text, $");
print(elixir, {string, Text}) -> beamtap_name:print_quoted(Text, $');
print(elixir, {atom, Name}) when Name =:= <<"nil">>; Name =:= <<"true">>; Name =:= <<"false">> -> Name;
print(L, {atom, Name}) -> beamtap_name:print_atom(L, Name);
print(L, {tuple, Elements}) -> ["{", commas(L, Elements), "}"];
print(L, {list, Elements, none}) -> ["[", commas(L, Elements), "]"];
print(L, {list, Elements, Tail}) -> ["[", commas(L, Elements), " | ", print(L, Tail), "]"];
print(L, {map, Pairs}) ->
    {Open, Arrow} =
        case L of
            erlang -> {"#{", " := "};
            elixir -> {"%{", " => "}
        end,
    [Open, lists:join(", ", [[print(L, K), Arrow, print(L, V)] || {K, V} <- Pairs]), "}"];
print(elixir, {apply, Op, [A, B]}) when Op =:= 'div'; Op =:= 'rem' ->
    [atom_to_list(Op), "(", print(elixir, A), ", ", print(elixir, B), ")"];
print(L, {apply, Op, [Operand]}) when Op =:= '-'; Op =:= '+' ->
    [atom_to_list(Op), "(", print(L, Operand), ")"];
print(L, {apply, Op, [Operand]}) when Op =:= 'not'; Op =:= 'bnot' ->
    [atom_to_list(Op), " (", print(L, Operand), ")"];
print(L, {apply, Op, [A, B] = Operands}) ->
    case written(L, Op) of
        {ok, Text} -> [operand(L, A), $\s, Text, $\s, operand(L, B)];
        none -> [atom_to_list(Op), "(", commas(L, Operands), ")"]
    end;
print(L, {apply, Function, Arguments}) ->
    [atom_to_list(Function), "(", commas(L, Arguments), ")"].

operand(L, {apply, Op, [_, _]} = E) ->
    case written(L, Op) of
        {ok, _} -> ["(", print(L, E), ")"];
        none -> print(L, E)
    end;
operand(L, {apply, Op, [_]} = E) when Op =:= '-'; Op =:= '+'; Op =:= 'not'; Op =:= 'bnot' ->
    ["(", print(L, E), ")"];
operand(L, E) ->
    print(L, E).

written(L, Op) ->
    {Symbols, Words} = operators(L),
    case lists:keyfind(Op, 2, Symbols ++ Words) of
        {Text, _, _} -> {ok, Text};
        false -> none
    end.

print_variable(L, N) when N =< 26 -> [letter(L) + N - 1];
print_variable(L, N) -> [letter(L) | integer_to_list(N)].

letter(erlang) -> $A;
letter(elixir) -> $a.

print_binary(L, Binary) ->
    IsPlain = Binary =/= <<>> andalso lists:all(fun(C) -> C >= $\s andalso C < 16#7F end, binary_to_list(Binary)),
    case {L, unicode:characters_to_list(Binary)} of
        {elixir, Text} when is_list(Text) -> beamtap_name:print_quoted(Text, $");
        {erlang, Text} when IsPlain -> ["<<", beamtap_name:print_quoted(Text, $"), ">>"];
        _ -> ["<<", lists:join(", ", [integer_to_list(B) || <<B>> <= Binary]), ">>"]
    end.
