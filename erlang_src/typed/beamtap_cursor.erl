%% @private
%% A text being read: what is left of it, and the position of its first character, counted from 1.
-module(beamtap_cursor).

-export([new/1, skip/1, take/2, position/1, fail/2]).
-export_type([cursor/0]).

-type cursor() :: {[char()], pos_integer()}.

%% @doc At the start of a text. Throws as {@link fail/2} does when it is none.
-spec new(string() | binary()) -> cursor().
new(Text) ->
    try unicode:characters_to_list(Text) of
        Chars when is_list(Chars) -> {Chars, 1};
        {_, Good, _} -> fail(length(Good) + 1, "this is not a character")
    catch
        error:badarg -> fail(1, "this is not a text")
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

-spec position(cursor()) -> pos_integer().
position({_, P}) -> P.

%% @doc Says at which character the text stopped making sense.
-spec fail(pos_integer(), unicode:chardata()) -> no_return().
fail(Position, Message) -> throw({Position, Message}).
