%% @private
%% The report of what was recorded: whose trace it is made of, and what a user may ask of it.
-module(beamtap_report).

-export([print/2, trace/1]).
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
        'begin' => beamtap_moment:moment(),
        'end' => beamtap_moment:moment(),
        functions => boolean(),
        processes => boolean()
    }
    | [{json | top | sort | 'begin' | 'end' | functions | processes, term()}].

-define(KEYS, [top, sort, 'begin', 'end', functions, processes, json]).
%% beamtapd counts rows in 32 bits.
-define(MAX_ROWS, 16#FFFFFFFF).

%% @doc Prints the report to the caller's group leader.
-spec print(what(), opts()) -> ok | beamtap_error:error().
print(What, Opts) ->
    case options(Opts) of
        {ok, Options} -> show(What, Options);
        {error, _} = Error -> Error
    end.

show(What, Options) ->
    case trace(What) of
        {ok, Path, ended} ->
            beamtap_sidecar:report(Path, Options);
        {ok, _, running} ->
            beamtap_error:new(
                still_running,
                "the tap still records",
                ["end it first: ", beamtap_wording:either("beamtap:stop(", "Beamtap.stop("), beamtap_error:quote(What), ")"]
            );
        {error, _} = Error ->
            Error
    end.

%% @doc Where the trace is.
-spec trace(what()) -> {ok, file:filename_all(), ended | running} | beamtap_error:error().
trace({tap, _} = Tap) ->
    case beamtap:info(Tap) of
        {ok, #{state := ended, path := Path}} -> {ok, Path, ended};
        {ok, #{path := Path}} -> {ok, Path, running};
        {error, _} = Error -> Error
    end;
trace(#{ended_by := _, path := Path}) ->
    {ok, Path, ended};
trace(#{tap := Tap}) ->
    trace(Tap);
trace(Path) when is_binary(Path); is_list(Path) ->
    {ok, Path, ended};
trace(Other) ->
    {error, _} = beamtap:info(Other).

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
    case beamtap_moment:text(case is_atom(Column) of true -> atom_to_list(Column); false -> Column end) of
        {ok, Name} -> ["--sort=" ++ Name];
        error -> bad(sort, Column, "the name of a column")
    end;
option(Edge, Moment) ->
    [beamtap_moment:argument(Edge, Moment)].

-spec bad(atom(), term(), unicode:chardata()) -> no_return().
bad(Key, Value, Want) ->
    beamtap_shape:fail(bad_option, [beamtap_wording:setting(Key, Value), " cannot be"], [atom_to_list(Key), " is ", Want]).
