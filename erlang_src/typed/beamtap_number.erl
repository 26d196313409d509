%% @private
%% Reads numbers as Erlang and Elixir write them.
-module(beamtap_number).

-export([read/2]).

%% Digits of a number; more is a slip, and costs quadratic time.
-define(MAX_DIGITS, 300).
-define(IS_DIGIT(C), (C >= $0 andalso C =< $9)).

%% @doc The number at the cursor, which stands on a digit.
-spec read(beamtap_expression:language(), beamtap_cursor:cursor()) -> {{value, number()}, beamtap_cursor:cursor()}.
read(L, {_, P} = S0) ->
    IsDigit = fun(C) -> ?IS_DIGIT(C) orelse C =:= $_ end,
    {Digits, S} = beamtap_cursor:take(IsDigit, S0),
    case S of
        {[$., C | _], _} when ?IS_DIGIT(C) -> float(Digits, S, P);
        {"#" ++ Rest, At} when L =:= erlang -> based(integer(Digits, 10, P), {Rest, At + 1});
        {"x" ++ Rest, At} when L =:= elixir, Digits =:= "0" -> based(16, {Rest, At + 1});
        _ -> {{value, integer(Digits, 10, P)}, S}
    end.

based(Base, {_, P} = S0) when Base >= 2, Base =< 36 ->
    {Digits, S} = beamtap_cursor:take(fun(C) -> beamtap_name:is_part(C) end, S0),
    {{value, integer(Digits, Base, P)}, S};
based(_, {_, P}) ->
    beamtap_cursor:fail(P - 1, "a base is a number from 2 to 36").

integer(Text, Base, P) ->
    Digits = [C || C <- Text, C =/= $_],
    length(Digits) =< ?MAX_DIGITS orelse beamtap_cursor:fail(P, "a number has at most 300 digits"),
    try
        list_to_integer(Digits, Base)
    catch
        error:badarg -> beamtap_cursor:fail(P, "this is not a number")
    end.

float(Whole, {"." ++ Rest, At}, P) ->
    {Fraction, S} = beamtap_cursor:take(fun(C) -> ?IS_DIGIT(C) end, {Rest, At + 1}),
    {Exponent, End} = exponent(S),
    Digits = lists:append([[C || C <- Whole, C =/= $_], ".", Fraction, Exponent]),
    length(Digits) =< ?MAX_DIGITS orelse beamtap_cursor:fail(P, "a number has at most 300 digits"),
    try
        {{value, list_to_float(Digits)}, End}
    catch
        error:badarg -> beamtap_cursor:fail(P, "this is not a number")
    end.

exponent({[E, C | Rest], P}) when (E =:= $e orelse E =:= $E), (?IS_DIGIT(C) orelse C =:= $- orelse C =:= $+) ->
    {Digits, S} = beamtap_cursor:take(fun(D) -> ?IS_DIGIT(D) end, {Rest, P + 2}),
    {[$e, C | Digits], S};
exponent(S) ->
    {"", S}.
