%% @private
%% Reads arguments and guards as Erlang and Elixir write them. Makes no atoms.
%%
%% Variables come as `{var, Name, Position}'; {@link beamtap_expression:number/2} numbers them.
-module(beamtap_expression_reader).

-export([arguments/2, guard/2]).

-type language() :: beamtap_expression:language().
%% An expression whose variables are named.
-type named() :: term().
-type cursor() :: beamtap_scanner:cursor().

-define(IS_DIGIT(C), (C >= $0 andalso C =< $9)).

%% What may be called in a guard, by name and arity, and what it is in a match specification.
-define(FUNCTIONS, [
    {"is_atom", 1}, {"is_float", 1}, {"is_integer", 1}, {"is_list", 1}, {"is_number", 1}, {"is_pid", 1}, {"is_port", 1},
    {"is_reference", 1}, {"is_tuple", 1}, {"is_map", 1}, {"is_map_key", 2}, {"is_binary", 1}, {"is_boolean", 1},
    {"is_function", 1}, {"abs", 1}, {"element", 2}, {"hd", 1}, {"tl", 1}, {"length", 1}, {"map_get", 2},
    {"map_size", 1}, {"max", 2}, {"min", 2}, {"node", 0}, {"node", 1}, {"float", 1}, {"round", 1}, {"trunc", 1},
    {"ceil", 1}, {"floor", 1}, {"size", 1}, {"byte_size", 1}, {"bit_size", 1}, {"tuple_size", 1}, {"binary_part", 3},
    {"self", 0}
]).
-define(ELIXIR_FUNCTIONS, [{"div", 2}, {"rem", 2}]).

%% How strongly an operator before its operand binds.
-define(UNARY, 7).
-define(MAX_ARGUMENTS, 255).

%%% Reading

%% @doc The arguments in parentheses at the cursor.
-spec arguments(language(), cursor()) -> {[named()], cursor()}.
arguments(L, {"(" ++ Rest, P}) ->
    {Arguments, S} = sequence(fun(At) -> primary({L, head}, At) end, {Rest, P + 1}, ")", []),
    length(Arguments) =< ?MAX_ARGUMENTS orelse beamtap_scanner:fail(P, {too_many, arguments, ?MAX_ARGUMENTS}),
    {Arguments, S}.

%% @doc The guard behind `when': alternatives, of which one has to hold.
-spec guard(language(), cursor()) -> {[named()], cursor()}.
guard(L, S0) ->
    {Guard, S} = conjunction(L, S0),
    case {L, beamtap_scanner:skip(S)} of
        {erlang, {";" ++ Rest, P}} -> more(L, Guard, {Rest, P + 1});
        {elixir, {"when" ++ Rest, P}} -> more(L, Guard, {Rest, P + 4});
        {_, End} -> {[Guard], End}
    end.

more(L, Guard, S0) ->
    {Others, S} = guard(L, S0),
    {[Guard | Others], S}.

conjunction(L, S0) ->
    {Left, S} = infix({L, guard}, S0, 1),
    case {L, beamtap_scanner:skip(S)} of
        {erlang, {"," ++ Rest, P}} ->
            {Right, End} = conjunction(L, {Rest, P + 1}),
            {{apply, 'andalso', [Left, Right]}, End};
        {_, End} ->
            {Left, End}
    end.

infix(M, S0, Least) ->
    {Left, S} = prefix(M, S0),
    infix(M, Left, beamtap_scanner:skip(S), Least).

infix({L, _} = M, Left, S, Least) ->
    case operator(L, S) of
        {Op, Binds, Behind} when Binds >= Least ->
            {Right, End} = infix(M, Behind, Binds + 1),
            infix(M, {apply, Op, [Left, Right]}, beamtap_scanner:skip(End), Least);
        _ ->
            {Left, S}
    end.

%% An arrow is no operator.
operator(_, {"->" ++ _, _}) ->
    none;
operator(L, {Chars, P} = S0) ->
    {Symbols, Words} = beamtap_expression:operators(L),
    case [{Op, Binds, length(Text)} || {Text, Op, Binds} <- Symbols, lists:prefix(Text, Chars)] of
        [{Op, Binds, Length} | _] ->
            {Op, Binds, {lists:nthtail(Length, Chars), P + Length}};
        [] ->
            {Word, S} = beamtap_scanner:variable(S0),
            case lists:keyfind(Word, 1, Words) of
                {_, Op, Binds} -> {Op, Binds, S};
                false -> none
            end
    end.

prefix(M, S0) ->
    case beamtap_scanner:skip(S0) of
        {[Sign, C | _] = Chars, P} when Sign =:= $-; Sign =:= $+ ->
            case ?IS_DIGIT(C) of
                true -> primary(M, {Chars, P});
                false -> unary(M, list_to_atom([Sign]), {tl(Chars), P + 1})
            end;
        {_, _} = S ->
            case word(M, S) of
                {"not", End} -> unary(M, 'not', End);
                {"bnot", End} when element(1, M) =:= erlang -> unary(M, 'bnot', End);
                _ -> primary(M, S)
            end
    end.

unary(M, Op, S0) ->
    {Operand, S} = infix(M, S0, ?UNARY),
    {{apply, Op, [Operand]}, S}.

word(_, {[C | _], _} = S) when C >= $a, C =< $z -> beamtap_scanner:variable(S);
word(_, S) -> {"", S}.

%% Everything that stands by itself.
primary({L, Where} = M, S0) ->
    case beamtap_scanner:skip(S0) of
        {"(" ++ Rest, P} when Where =:= guard ->
            {Inner, S} = infix(M, {Rest, P + 1}, 1),
            {Inner, expect(")", S)};
        {"_", P} -> {wildcard(Where, P), {[], P + 1}};
        {[$_, C | Rest], P} when C =/= $_, C =/= $@ ->
            case beamtap_name:is_part(C) of
                true -> variable({[$_, C | Rest], P});
                false -> {wildcard(Where, P), {[C | Rest], P + 1}}
            end;
        {"{" ++ Rest, P} ->
            {Elements, S} = sequence(fun(At) -> inner(M, At) end, {Rest, P + 1}, "}", []),
            {{tuple, Elements}, S};
        {"[" ++ Rest, P} -> list(M, beamtap_scanner:skip({Rest, P + 1}));
        {"#{" ++ Rest, P} when L =:= erlang -> map(M, {Rest, P + 2}, []);
        {"%{" ++ Rest, P} when L =:= elixir -> map(M, {Rest, P + 2}, []);
        {[$%, C | Rest], P} when L =:= elixir, C >= $A, C =< $Z -> struct(M, {[C | Rest], P + 1});
        {"<<" ++ Rest, P} -> binary({Rest, P + 2});
        {"\"" ++ _, P} = S1 when L =:= elixir ->
            {Text, S} = beamtap_scanner:quoted(S1),
            {{value, utf8(Text, P)}, S};
        {[Quote | _], _} = S1 when L =:= erlang, Quote =:= $"; L =:= elixir, Quote =:= $' ->
            {Text, S} = beamtap_scanner:quoted(S1),
            {string(Text), S};
        {"~c\"" ++ Rest, P} when L =:= elixir ->
            {Text, S} = beamtap_scanner:quoted({[$" | Rest], P + 2}),
            {string(Text), S};
        {[Sign, C | Rest], P} when (Sign =:= $- orelse Sign =:= $+), ?IS_DIGIT(C) ->
            {{value, Number}, S} = beamtap_scanner:number(L, {[C | Rest], P + 1}),
            {{value, case Sign of $- -> -Number; $+ -> Number end}, S};
        {[C | _], _} = S1 when ?IS_DIGIT(C) -> beamtap_scanner:number(L, S1);
        {[Mark, C | Rest], P} when L =:= erlang, Mark =:= $$; L =:= elixir, Mark =:= $? ->
            C =/= $\\ orelse beamtap_scanner:fail(P + 1, escaped_character),
            {{value, C}, {Rest, P + 2}};
        S1 -> named(M, S1)
    end.

wildcard(head, _) -> '_';
wildcard(guard, P) -> beamtap_scanner:fail(P, wildcard_in_guard).

%% In a guard every part of a term may be computed.
inner({_, head} = M, S) -> primary(M, S);
inner({_, guard} = M, S) -> infix(M, S, 1).

named({erlang, _} = M, {[C | _], P} = S0) ->
    {Name, _} = beamtap_scanner:variable(S0),
    IsVariable = (C >= $A andalso C =< $Z) orelse (C >= 16#C0 andalso C =< 16#DE) orelse C =:= $_,
    case Name =/= [] andalso IsVariable of
        true ->
            variable(S0);
        false ->
            {Atom, S} = beamtap_scanner:erlang_atom(S0, value),
            call_or_atom(M, Name, Atom, P, S)
    end;
named({elixir, _} = M, {[C | _], P} = S0) ->
    case beamtap_scanner:alias(S0) of
        {Alias, S} ->
            {{atom, Alias}, S};
        none when C =:= $: ->
            {Atom, S} = beamtap_scanner:elixir_atom({tl(element(1, S0)), P + 1}, atom),
            {atom(Atom, P), S};
        none ->
            case beamtap_scanner:variable(S0) of
                {[], _} -> beamtap_scanner:fail(P, {expected, value});
                {Word, S} when Word =:= "nil"; Word =:= "true"; Word =:= "false" -> {{atom, list_to_binary(Word)}, S};
                {Name, {"(" ++ _, _} = S} -> call(M, Name, P, S);
                {_, _} -> variable(S0)
            end
    end;
named(_, {[], P}) ->
    beamtap_scanner:fail(P, {expected, value}).

call_or_atom(M, Name, _, P, {"(" ++ _, _} = S) when Name =/= [] -> call(M, Name, P, S);
call_or_atom(_, _, Atom, P, S) -> {atom(Atom, P), S}.

%% These atoms have a meaning of their own in a match specification.
atom('_', P) ->
    beamtap_scanner:fail(P, {unmatchable, '_'});
atom(<<"$", Rest/binary>> = Name, P) ->
    IsSpecial = Rest =:= <<"_">> orelse Rest =:= <<"$">> orelse
        (Rest =/= <<>> andalso lists:all(fun(C) -> ?IS_DIGIT(C) end, binary_to_list(Rest))),
    IsSpecial andalso beamtap_scanner:fail(P, {unmatchable, Name}),
    {atom, Name};
atom(Name, _) ->
    {atom, Name}.

variable({_, P} = S0) ->
    {Name, S} = beamtap_scanner:variable(S0),
    {{var, Name, P}, S}.

call({_, head}, _, P, _) ->
    beamtap_scanner:fail(P, call_in_arguments);
call({L, guard} = M, Name, P, {"(" ++ Rest, At}) ->
    {Arguments, S} = sequence(fun(Next) -> infix(M, Next, 1) end, {Rest, At + 1}, ")", []),
    {guard_function(L, Name, Arguments, P), S}.

guard_function(elixir, "is_nil", [X], _) ->
    {apply, '=:=', [X, {atom, <<"nil">>}]};
guard_function(elixir, "elem", [X, {value, N}], _) when is_integer(N) ->
    {apply, element, [{value, N + 1}, X]};
guard_function(elixir, "elem", [X, N], _) ->
    {apply, element, [{apply, '+', [N, {value, 1}]}, X]};
guard_function(L, Name, Arguments, P) ->
    Known = ?FUNCTIONS ++ [Function || L =:= elixir, Function <- ?ELIXIR_FUNCTIONS],
    case lists:member({Name, length(Arguments)}, Known) of
        %% There is such an atom: it stands in the table above.
        true ->
            {apply, known(Name), Arguments};
        false ->
            Meant = beamtap_shape:nearest(Name, [Other || {Other, _} <- Known]),
            beamtap_scanner:fail(P, {not_in_guard, Name, length(Arguments), Meant})
    end.

known(Name) -> list_to_atom(Name).

list(_, {"]" ++ Rest, P}) ->
    {{list, [], none}, {Rest, P + 1}};
list(M, S0) ->
    {Element, S} = inner(M, S0),
    elements(M, beamtap_scanner:skip(S), [Element]).

elements(M, {"," ++ Rest, P}, Elements) ->
    {Element, S} = inner(M, {Rest, P + 1}),
    elements(M, beamtap_scanner:skip(S), [Element | Elements]);
elements({_, head} = M, {"|" ++ Rest, P}, Elements) ->
    {Tail, S} = inner(M, {Rest, P + 1}),
    {list_of(lists:reverse(Elements), Tail), expect("]", S)};
elements(_, S, Elements) ->
    {{list, lists:reverse(Elements), none}, expect("]", S)}.

%% One form for one list.
list_of(Elements, {list, More, Tail}) -> {list, Elements ++ More, Tail};
list_of(Elements, Tail) -> {list, Elements, Tail}.

map({L, _} = M, S0, Pairs) ->
    case beamtap_scanner:skip(S0) of
        {"}" ++ Rest, P} when Pairs =:= [] ->
            {{map, []}, {Rest, P + 1}};
        {_, P} = S1 ->
            {Key, S2} = key(M, S1),
            is_ground(Key) orelse beamtap_scanner:fail(P, variable_key),
            {Value, S3} = inner(M, arrow(L, beamtap_scanner:skip(S2))),
            case beamtap_scanner:skip(S3) of
                {"," ++ Rest, At} -> map(M, {Rest, At + 1}, [{Key, Value} | Pairs]);
                S4 -> {{map, lists:reverse([{Key, Value} | Pairs])}, expect("}", S4)}
            end
    end.

%% `name: value' is short for `:name => value'.
key({elixir, _} = M, {[C | _], P} = S0) when C >= $a, C =< $z ->
    case beamtap_scanner:elixir_function(S0) of
        {Name, {[$:, Space | _], _} = S} when Space =/= $: -> {atom(Name, P), S};
        _ -> inner(M, S0)
    end;
key(M, S0) ->
    inner(M, S0).

arrow(_, {"=>" ++ Rest, P}) -> {Rest, P + 2};
arrow(erlang, {":=" ++ Rest, P}) -> {Rest, P + 2};
arrow(elixir, {":" ++ Rest, P}) -> {Rest, P + 1};
arrow(erlang, {_, P}) -> beamtap_scanner:fail(P, {expected, ":="});
arrow(elixir, {_, P}) -> beamtap_scanner:fail(P, {expected, "=>"}).

is_ground({var, _, _}) -> false;
is_ground('_') -> false;
is_ground({tuple, Elements}) -> lists:all(fun is_ground/1, Elements);
is_ground({list, Elements, Tail}) -> lists:all(fun is_ground/1, [Tail || Tail =/= none] ++ Elements);
is_ground({map, Pairs}) -> lists:all(fun({K, V}) -> is_ground(K) andalso is_ground(V) end, Pairs);
is_ground({apply, _, _}) -> false;
is_ground(_) -> true.

struct(M, S0) ->
    {Name, S} = beamtap_scanner:alias(S0),
    {{map, Pairs}, End} = map(M, expect("{", S), []),
    {{map, [{{atom, <<"__struct__">>}, {atom, Name}} | Pairs]}, End}.

binary(S0) ->
    case beamtap_scanner:skip(S0) of
        {">>" ++ Rest, P} ->
            {{value, <<>>}, {Rest, P + 2}};
        {"\"" ++ _, P} = S1 ->
            {Text, S} = beamtap_scanner:quoted(S1),
            case beamtap_scanner:skip(S) of
                {"/utf8" ++ Rest, At} -> {{value, utf8(Text, P)}, expect(">>", {Rest, At + 5})};
                S2 -> {{value, latin1(Text, P)}, expect(">>", S2)}
            end;
        S1 ->
            bytes(S1, [])
    end.

bytes({_, P} = S0, Bytes) ->
    case beamtap_scanner:take(fun(C) -> ?IS_DIGIT(C) end, S0) of
        {Digits, S} when Digits =/= [], length(Digits) =< 3 ->
            Byte = list_to_integer(Digits),
            Byte =< 255 orelse beamtap_scanner:fail(P, {expected, byte}),
            case beamtap_scanner:skip(S) of
                {"," ++ Rest, At} -> bytes(beamtap_scanner:skip({Rest, At + 1}), [Byte | Bytes]);
                End -> {{value, list_to_binary(lists:reverse([Byte | Bytes]))}, expect(">>", End)}
            end;
        _ ->
            beamtap_scanner:fail(P, {expected, text_or_bytes})
    end.

utf8(Text, P) ->
    case unicode:characters_to_binary(Text) of
        Binary when is_binary(Binary) -> Binary;
        _ -> beamtap_scanner:fail(P, not_a_character)
    end.

latin1(Text, P) ->
    case unicode:characters_to_binary(Text, unicode, latin1) of
        Binary when is_binary(Binary) -> Binary;
        _ -> beamtap_scanner:fail(P, needs_utf8)
    end.

string([]) -> {list, [], none};
string(Text) -> {string, Text}.

%% Things with commas between them, up to End.
sequence(Read, S0, End, []) ->
    case beamtap_scanner:skip(S0) of
        {Chars, P} = S when Chars =/= [], hd(Chars) =:= hd(End) -> {[], step(S, P)};
        S -> next(Read, S, End, [])
    end.

next(Read, S0, End, Found) ->
    {One, S} = Read(S0),
    case beamtap_scanner:skip(S) of
        {"," ++ Rest, P} -> next(Read, {Rest, P + 1}, End, [One | Found]);
        S1 -> {lists:reverse([One | Found]), expect(End, S1)}
    end.

step({[_ | Rest], _}, P) -> {Rest, P + 1}.

expect(Text, S0) ->
    {Chars, P} = beamtap_scanner:skip(S0),
    case lists:prefix(Text, Chars) of
        true -> {lists:nthtail(length(Text), Chars), P + length(Text)};
        false -> beamtap_scanner:fail(P, {expected, Text})
    end.
