%% @private
%% The report of what was recorded: whose trace it is made of, and what a user may ask of it.
-module(beamtap_report).

-export([print/2]).
-export_type([what/0, opts/0]).

-type what() :: beamtap:tap() | beamtap:receipt() | file:filename_all().
%% As `beamtapd report' has them. `top': rows of each table (20; all in JSON). `sort': the column to sort by. `begin' and
%% `end': count from there, up to there; milliseconds since the trace's begin, or a text as beamtapd takes it
%% (`"1.5s"', `"2026-11-23T12:41:49.7Z"'). `functions' or `processes': their table alone.
-type opts() ::
    #{
        json => boolean(),
        top => pos_integer(),
        sort => atom() | unicode:chardata(),
        'begin' => moment(),
        'end' => moment(),
        functions => boolean(),
        processes => boolean()
    }
    | [{json | top | sort | 'begin' | 'end' | functions | processes, term()}].
-type moment() :: non_neg_integer() | unicode:chardata().

-define(KEYS, [top, sort, 'begin', 'end', functions, processes, json]).
%% beamtapd counts rows in 32 bits.
-define(MAX_ROWS, 16#FFFFFFFF).
%% Ten years, as for a tap.
-define(MAX_MS, 315360000000).
%% What beamtapd takes as a time; what it means is for beamtapd to say.
-define(MOMENT, "^([0-9]+(\\.[0-9]+)?(ns|us|ms|s|m)|[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ].*)$").

%% @doc Prints the report to the caller's group leader.
-spec print(what(), opts()) -> ok | beamtap_error:error().
print(What, Opts) ->
    case options(Opts) of
        {ok, Options} -> show(What, Options);
        {error, _} = Error -> Error
    end.

show({tap, _} = Tap, Options) ->
    case beamtap:info(Tap) of
        {ok, #{state := ended} = Receipt} ->
            show(Receipt, Options);
        {ok, _} ->
            beamtap_error:new(
                still_running,
                "the tap still records",
                ["end it first: ", beamtap_wording:either("beamtap:stop(", "Beamtap.stop("), beamtap_error:quote(Tap), ")"]
            );
        {error, _} = Error ->
            Error
    end;
show(#{ended_by := _, path := Path}, Options) ->
    show(Path, Options);
show(#{tap := Tap}, Options) ->
    show(Tap, Options);
show(Path, Options) when is_binary(Path); is_list(Path) ->
    beamtap_sidecar:report(Path, Options);
show(Other, _) ->
    beamtap:info(Other).

%% As beamtapd takes them.
options(Opts) ->
    try
        Given = beamtap_shape:keyed(Opts, ?KEYS),
        case Given of
            #{functions := true, processes := true} ->
                beamtap_error:new(bad_option, "functions and processes exclude each other", "leave both out to see all tables");
            #{} ->
                {ok, lists:append([option(Key, Value) || {Key, Value} <- maps:to_list(Given)])}
        end
    catch
        throw:{error, _} = Error -> Error
    end.

option(Switch, true) when Switch =:= json; Switch =:= functions; Switch =:= processes -> ["--" ++ atom_to_list(Switch)];
option(Switch, false) when Switch =:= json; Switch =:= functions; Switch =:= processes -> [];
option(Switch, Other) when Switch =:= json; Switch =:= functions; Switch =:= processes ->
    bad(Switch, Other, "true or false");
option(top, N) when is_integer(N), N >= 1, N =< ?MAX_ROWS -> ["--top=" ++ integer_to_list(N)];
option(top, Other) ->
    bad(top, Other, "a number of rows from 1 on");
option(sort, Column) ->
    case text(Column) of
        {ok, [_ | _] = Name} -> ["--sort=" ++ Name];
        _ -> bad(sort, Column, "the name of a column")
    end;
option(Edge, Ms) when (Edge =:= 'begin' orelse Edge =:= 'end'), is_integer(Ms), Ms >= 0, Ms =< ?MAX_MS ->
    ["--" ++ atom_to_list(Edge) ++ "=" ++ integer_to_list(Ms) ++ "ms"];
option(Edge, Moment) ->
    case not is_atom(Moment) andalso text(Moment) of
        {ok, Text} ->
            case re:run(Text, ?MOMENT, [unicode, {capture, none}]) of
                match -> ["--" ++ atom_to_list(Edge) ++ "=" ++ Text];
                nomatch -> bad_moment(Edge, Moment)
            end;
        _ ->
            bad_moment(Edge, Moment)
    end.

%% What an argument of a program can be.
text(Name) when is_atom(Name), not is_boolean(Name) ->
    {ok, atom_to_list(Name)};
text(Name) when is_binary(Name); is_list(Name) ->
    try unicode:characters_to_list(Name) of
        Text when is_list(Text) ->
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

-spec bad_moment(atom(), term()) -> no_return().
bad_moment(Edge, Given) ->
    bad(Edge, Given, "milliseconds since the trace's begin, \"1.5s\", or \"2026-11-23T12:41:49.7Z\"").

-spec bad(atom(), term(), unicode:chardata()) -> no_return().
bad(Key, Value, Want) ->
    beamtap_shape:fail(bad_option, [beamtap_wording:setting(Key, Value), " cannot be"], [atom_to_list(Key), " is ", Want]).
