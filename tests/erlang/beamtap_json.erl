%% JSON as beamtapd writes it, read into maps, lists, binaries, numbers, booleans and null. OTP has a reader from 27 on.
-module(beamtap_json).

-export([decode/1]).

-spec decode(binary()) -> term().
decode(Text) ->
    {Value, Rest} = value(skip(Text)),
    <<>> = skip(Rest),
    Value.

value(<<"null", Rest/binary>>) -> {null, Rest};
value(<<"true", Rest/binary>>) -> {true, Rest};
value(<<"false", Rest/binary>>) -> {false, Rest};
value(<<"\"", Rest/binary>>) -> string(Rest, <<>>);
value(<<"[", Rest/binary>>) -> items(skip(Rest), $], fun(Text) -> value(Text) end, []);
value(<<"{", Rest/binary>>) ->
    {Members, Left} = items(skip(Rest), $}, fun member/1, []),
    {maps:from_list(Members), Left};
value(Text) ->
    {match, [{0, Length}]} = re:run(Text, "^-?[0-9]+", [{capture, first}]),
    <<Number:Length/binary, Rest/binary>> = Text,
    {binary_to_integer(Number), Rest}.

member(<<"\"", Text/binary>>) ->
    {Key, Rest} = string(Text, <<>>),
    <<":", Left/binary>> = skip(Rest),
    {Value, After} = value(skip(Left)),
    {{Key, Value}, After}.

items(<<End, Rest/binary>>, End, _, []) ->
    {[], Rest};
items(Text, End, Read, Items) ->
    {Item, Rest} = Read(Text),
    case skip(Rest) of
        <<",", Left/binary>> -> items(skip(Left), End, Read, [Item | Items]);
        <<End, Left/binary>> -> {lists:reverse([Item | Items]), Left}
    end.

string(<<"\"", Rest/binary>>, Read) -> {Read, Rest};
string(<<"\\u", Hex:4/binary, Rest/binary>>, Read) -> string(Rest, <<Read/binary, (binary_to_integer(Hex, 16))/utf8>>);
string(<<"\\n", Rest/binary>>, Read) -> string(Rest, <<Read/binary, "\n">>);
string(<<"\\", Character, Rest/binary>>, Read) -> string(Rest, <<Read/binary, Character>>);
string(<<Byte, Rest/binary>>, Read) -> string(Rest, <<Read/binary, Byte>>).

skip(<<Space, Rest/binary>>) when Space =:= $\s; Space =:= $\n -> skip(Rest);
skip(Text) -> Text.
