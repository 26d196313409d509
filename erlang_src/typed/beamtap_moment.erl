%% @private
%% Points in a trace and stretches of it, as people name them and as beamtapd takes them. Pure.
-module(beamtap_moment).

-export([argument/2, duration/2, text/1]).
-export_type([moment/0, duration/0]).

%% Milliseconds since the trace's begin, or a text as beamtapd takes it: `"1.5s"', `"12:41:49.7"',
%% `"2026-11-23T12:41:49.7Z"'.
-type moment() :: non_neg_integer() | unicode:chardata().
%% Milliseconds, or `"1.5s"'.
-type duration() :: non_neg_integer() | unicode:chardata().

%% Ten years, as for a tap.
-define(MAX_MS, 315360000000).
%% The forms; what they mean is for beamtapd to say.
-define(DURATION, "[0-9]+(\\.[0-9]+)?(ns|us|ms|s|m)").
-define(OF_DAY, "[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]+)?)?").
-define(DATE, "[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][^\\n]*").

%% @doc The argument of beamtapd's option Key; throws an error.
-spec argument(atom(), term()) -> string().
argument(Key, Given) ->
    formed(Key, Given, "^(" ?DURATION "|" ?OF_DAY "|" ?DATE ")$",
        "milliseconds since the trace's begin, \"1.5s\", \"12:41:49.7\" or \"2026-11-23T12:41:49.7Z\"").

%% @doc The same, of a stretch of time.
-spec duration(atom(), term()) -> string().
duration(Key, Given) ->
    formed(Key, Given, "^" ?DURATION "$", "milliseconds, or a text such as \"1.5s\"").

formed(Key, Ms, _, _) when is_integer(Ms), Ms >= 0, Ms =< ?MAX_MS ->
    spelled(Key, integer_to_list(Ms) ++ "ms");
formed(Key, Given, Form, Want) ->
    case text(Given) of
        {ok, Text} ->
            case re:run(Text, Form, [unicode, dollar_endonly, {capture, none}]) of
                match -> spelled(Key, Text);
                nomatch -> bad(Key, Given, Want)
            end;
        error ->
            bad(Key, Given, Want)
    end.

spelled(Key, Text) -> "--" ++ atom_to_list(Key) ++ "=" ++ Text.

%% @doc A text, as an argument of a program can be one.
-spec text(term()) -> {ok, string()} | error.
text(Given) when is_binary(Given); is_list(Given) ->
    try unicode:characters_to_list(Given) of
        Text when is_list(Text), Text =/= "" ->
            case lists:member(0, Text) of
                false -> {ok, Text};
                true -> error
            end;
        _ ->
            error
    catch
        error:_ -> error
    end;
text(_) ->
    error.

-spec bad(atom(), term(), unicode:chardata()) -> no_return().
bad(Key, Value, Want) ->
    beamtap_shape:fail(bad_option, [beamtap_wording:setting(Key, Value), " cannot be"], [atom_to_list(Key), " is ", Want]).
