%% @private
%% Checks LTTng's filter expressions before LTTng reads them. LTTng answers "syntax error" without a position, and records
%% nothing, silently, when the event does not have a field. Pure.
-module(beamtap_filter).

-export([check/3]).
-export_type([field/0]).

-type field() :: {Name :: binary(), type()}.
-type type() :: number | text.
%% What is known of an expression: nothing of a context's field. A `pattern' is a text with `*' for anything.
-type known() :: type() | pattern | any.
-type token() :: {sign | name | number | text, Column :: pos_integer(), string()} | {finish, pos_integer(), string()}.

%% Longest first.
-define(SIGNS, ["&&", "||", "==", "!=", "<=", ">=", "<<", ">>", "<", ">", "&", "^", "|", "!", "-", "+", "~", "(", ")", "*", "/", "%"]).
%% What binds least comes first, as in C.
-define(LEVELS, [["||"], ["&&"], ["|"], ["^"], ["&"], ["==", "!="], ["<", ">", "<=", ">="], ["<<", ">>"]]).
-define(COMPARISONS, ["==", "!=", "<", ">", "<=", ">="]).

%% @doc Whether LTTng can filter the event by the expression: every field is one of the event's, and what is compared is of
%% the same type. Contexts (`$ctx.vtid', `$app.provider:type') are LTTng's to know.
-spec check(Expression :: binary(), Event :: binary(), [field()]) -> ok | beamtap_error:error().
check(Expression, Event, Fields) ->
    try
        Tokens = tokens(unicode:characters_to_list(Expression), 1),
        case expression(Tokens, ?LEVELS, Fields) of
            {number, [{finish, _, _}]} -> ok;
            {any, [{finish, _, _}]} -> ok;
            {_, [{finish, _, _}]} -> throw({1, no_condition});
            {_, [{_, Place, Text} | _]} -> throw({Place, {unexpected, Text}})
        end
    catch
        throw:{Column, {unknown_field, Name} = Problem} ->
            Unknown = #{position => Column, problem => Problem, event => Event, fields => Fields},
            case beamtap_shape:nearest(Name, [unicode:characters_to_list(Field) || {Field, _} <- Fields]) of
                {ok, Meant} -> bad(Unknown#{meant => Meant});
                none -> bad(Unknown)
            end;
        throw:{Column, Problem} ->
            bad(#{position => Column, problem => Problem})
    end.

bad(Facts) -> {error, Facts#{reason => bad_filter}}.

%%% Tokens

-spec tokens(string(), pos_integer()) -> [token()].
tokens([], Column) ->
    [{finish, Column, "end"}];
tokens([Space | Rest], Column) when Space =:= $\s; Space =:= $\t; Space =:= $\n ->
    tokens(Rest, Column + 1);
tokens([$" | Rest], Column) ->
    text(Rest, Column, "\"");
tokens([Digit | _] = Text, Column) when Digit >= $0, Digit =< $9 ->
    number(Text, Column);
tokens([Char | _] = Text, Column) ->
    case is_name(Char) orelse Char =:= $$ of
        true -> named(Text, Column);
        false -> signed(Text, Column, ?SIGNS)
    end.

text([$\\, Escaped | Rest], Column, Read) when Escaped =:= $\\; Escaped =:= $* ->
    text(Rest, Column, [Escaped, $\\ | Read]);
text([$\\ | _], Column, Read) ->
    throw({Column + length(Read), unknown_escape});
text([$" | Rest], Column, Read) -> [{text, Column, lists:reverse(Read, "\"")} | tokens(Rest, Column + length(Read) + 1)];
text([Char | Rest], Column, Read) -> text(Rest, Column, [Char | Read]);
text([], Column, _) -> throw({Column, open_quote}).

number(Text, Column) ->
    {Number, Rest} = lists:splitwith(fun(Char) -> is_name(Char) orelse Char =:= $. end, Text),
    case re:run(Number, "^(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)[uUlL]*$|^[0-9]+\\.[0-9]*([eE][0-9]+)?$", [{capture, none}]) of
        match -> [{number, Column, Number} | tokens(Rest, Column + length(Number))];
        nomatch -> throw({Column, {not_a_number, Number}})
    end.

%% Contexts have dots and colons.
named([$$ | _] = Text, Column) ->
    {Name, Rest} = lists:splitwith(fun(Char) -> is_name(Char) orelse lists:member(Char, "$.:") end, Text),
    [{name, Column, Name} | tokens(Rest, Column + length(Name))];
named(Text, Column) ->
    {Name, Rest} = lists:splitwith(fun is_name/1, Text),
    [{name, Column, Name} | tokens(Rest, Column + length(Name))].

is_name(Char) ->
    Char =:= $_ orelse (Char >= $a andalso Char =< $z) orelse (Char >= $A andalso Char =< $Z) orelse
        (Char >= $0 andalso Char =< $9).

signed([Char | _], Column, []) ->
    throw({Column, {unexpected, [Char]}});
signed(Text, Column, [Sign | Signs]) ->
    case string:prefix(Text, Sign) of
        nomatch -> signed(Text, Column, Signs);
        Rest -> [{sign, Column, Sign} | tokens(Rest, Column + length(Sign))]
    end.

%%% Expressions

-spec expression([token()], [[string()]], [field()]) -> {known(), [token()]}.
expression(Tokens, [], Fields) ->
    unary(Tokens, Fields);
expression(Tokens, [Level | Higher], Fields) ->
    {Left, Rest} = expression(Tokens, Higher, Fields),
    continued(Left, Rest, Level, Higher, Fields).

continued(Left, [{sign, Column, Sign} | Rest] = Tokens, Level, Higher, Fields) ->
    case lists:member(Sign, Level) of
        true ->
            {Right, Left2} = expression(Rest, Higher, Fields),
            ok = compatible(Left, Right, Sign, Column),
            continued(number, Left2, Level, Higher, Fields);
        false ->
            lists:member(Sign, ["*", "/", "%", "+", "-"]) andalso throw({Column, {no_arithmetic, Sign}}),
            {Left, Tokens}
    end;
continued(Left, Tokens, _, _, _) ->
    {Left, Tokens}.

compatible(Left, Right, Sign, Column) ->
    Sides = [Left, Right],
    Has = fun(Type) -> lists:member(Type, Sides) end,
    case {Has(text) orelse Has(pattern), lists:member(Sign, ?COMPARISONS)} of
        {false, _} -> ok;
        {true, false} -> throw({Column, {not_for_texts, Sign}});
        {true, true} ->
            Has(number) andalso throw({Column, mixed_types}),
            Has(pattern) andalso Sign =/= "==" andalso Sign =/= "!=" andalso
                throw({Column, {not_for_patterns, Sign}}),
            ok
    end.

unary([{sign, _, Sign} | Rest], Fields) when Sign =:= "!"; Sign =:= "-"; Sign =:= "+"; Sign =:= "~" ->
    case {unary(Rest, Fields), Rest} of
        {{Known, Left}, _} when Known =:= number; Known =:= any -> {number, Left};
        {_, [{_, Column, _} | _]} -> throw({Column, {not_for_texts, Sign}})
    end;
unary([{sign, _, "("} | Rest], Fields) ->
    case expression(Rest, ?LEVELS, Fields) of
        {Known, [{sign, _, ")"} | Left]} -> {Known, Left};
        {_, [{_, Column, Text} | _]} -> throw({Column, {expected, ")", Text}})
    end;
unary([{number, _, _} | Rest], _) ->
    {number, Rest};
unary([{text, _, Text} | Rest], _) ->
    Plain = re:replace(Text, "\\\\.", "", [global, unicode, {return, list}]),
    case lists:member($*, Plain) of
        true -> {pattern, Rest};
        false -> {text, Rest}
    end;
unary([{name, Column, "$" ++ _ = Name} | Rest], _) ->
    case re:run(Name, "^\\$(ctx\\.|app\\..+:).", [{capture, none}]) of
        match -> {any, Rest};
        nomatch -> throw({Column, {not_a_context, Name}})
    end;
unary([{name, Column, Name} | Rest], Fields) ->
    case lists:keyfind(unicode:characters_to_binary(Name), 1, Fields) of
        {_, Type} -> {Type, Rest};
        false -> throw({Column, {unknown_field, Name}})
    end;
unary([{_, Column, Text} | _], _) ->
    throw({Column, {expected, operand, Text}}).
