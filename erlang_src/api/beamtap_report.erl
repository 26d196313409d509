%% @private
%% What a user asks of a trace, as options of `beamtapd report' and `beamtapd read'.
-module(beamtap_report).

-export([print/2, events/2, colour/1]).
-export_type([what/0, opts/0, event_opts/0, moment/0, duration/0]).

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

%% `pid': of these processes only. `event': of these names only; `*' in a name is any text. `begin', `end': from there,
%% up to there. `around': what happened around that time, `within' before and behind it (10 ms). `last': the last so many
%% of these, or those of so much time (`"2s"'), or `infinity' for all. `syntax' and `colour' as for {@link beamtap:watch/2}.
-type event_opts() ::
    #{
        pid => process() | [process()],
        event => unicode:chardata() | atom() | [unicode:chardata() | atom()],
        'begin' => moment(),
        'end' => moment(),
        around => moment(),
        within => duration(),
        last => pos_integer() | infinity | unicode:chardata(),
        syntax => erlang | elixir,
        colour => auto | boolean()
    }
    | [{pid | event | 'begin' | 'end' | around | within | last | syntax | colour, term()}].
%% A process of this node, or one as either language writes it.
-type process() :: pid() | unicode:chardata().

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

-define(REPORT_KEYS, [top, sort, 'begin', 'end', functions, processes, json]).
-define(EVENT_KEYS, [pid, around, last, event, 'begin', 'end', within, syntax, colour]).
%% beamtapd counts rows and events in 32 bits.
-define(MAX_ROWS, 16#FFFFFFFF).
%% Events shown unless more are asked for: the last of all, or the first from a time on.
-define(LAST, 100).
-define(FIRST, 1000).

%% @doc Prints the report to the caller's group leader.
-spec print(what(), opts()) -> ok | beamtap_error:error().
print(What, Opts) ->
    try
        Given = beamtap_shape:keyed(Opts, ?REPORT_KEYS),
        maps:with([functions, processes], Given) =:= #{functions => true, processes => true} andalso
            beamtap_shape:refuse(#{reason => bad_option, option => functions, conflict => processes}),
        Options = lists:append([option(Key, Value) || {Key, Value} <- maps:to_list(Given)]),
        case trace(What) of
            {ok, Path, ended} -> beamtap_sidecar:report(Path, Options);
            {ok, _, running} -> {error, #{reason => still_running, tap => tap(What)}};
            {error, _} = Error -> Error
        end
    catch
        throw:{error, _} = Refused -> Refused
    end.

tap(#{tap := Tap}) -> Tap;
tap(Tap) -> Tap.

%% @doc Prints the events to the caller's group leader.
-spec events(what(), event_opts()) -> ok | beamtap_error:error().
events(What, Opts) ->
    try
        Given = maps:merge(#{syntax => erlang, colour => auto}, beamtap_shape:keyed(Opts, ?EVENT_KEYS)),
        {Most, Bound} = bound(Given),
        Arguments = Bound ++ lists:append([option(Key, Value) || {Key, Value} <- maps:to_list(maps:remove(last, Given))]),
        case trace(What) of
            {ok, Path, _} -> more(beamtap_sidecar:lines(["read", Path, "--named" | Arguments], Most), Given);
            {error, _} = Error -> Error
        end
    catch
        throw:{error, _} = Refused -> Refused
    end.

%% Where the trace is.
trace({tap, _} = Tap) ->
    case beamtap_taps:info(Tap) of
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
    {error, _} = beamtap_taps:info(Other).

%% How many lines are printed at most, and the option that limits them to the trace's end.
bound(#{last := infinity}) ->
    {infinity, []};
bound(#{last := N}) when is_integer(N), N >= 1, N =< ?MAX_ROWS ->
    {infinity, ["--last=" ++ integer_to_list(N)]};
bound(#{last := Duration}) when is_binary(Duration); is_list(Duration) ->
    {infinity, [formed(last, Duration, "^" ?DURATION "$")]};
bound(#{last := Other}) ->
    bad(last, Other);
bound(#{around := _}) ->
    {?FIRST, []};
bound(#{'begin' := _}) ->
    {?FIRST, []};
bound(_) ->
    {infinity, ["--last=" ++ integer_to_list(?LAST)]}.

%% What was not shown.
more({ok, ?LAST, whole}, Given) when not is_map_key(last, Given), not is_map_key(around, Given), not is_map_key('begin', Given) ->
    io:put_chars(["… the last ", integer_to_list(?LAST), " events. For more: ", last(Given, "1000"), "\n"]);
more({ok, _, whole}, _) ->
    ok;
more({ok, Count, cut}, Given) ->
    io:put_chars(["… the first ", integer_to_list(Count), " events. For all: ", last(Given, "infinity"), "\n"]);
more({error, _} = Error, _) ->
    Error.

last(#{syntax := elixir}, "infinity") -> "last: :infinity";
last(#{syntax := elixir}, Number) -> ["last: ", Number];
last(_, Value) -> ["last => ", Value].

%%% Options of beamtapd

option(Switch, true) when Switch =:= json; Switch =:= functions; Switch =:= processes -> ["--" ++ atom_to_list(Switch)];
option(Switch, false) when Switch =:= json; Switch =:= functions; Switch =:= processes -> [];
option(top, N) when is_integer(N), N >= 1, N =< ?MAX_ROWS -> ["--top=" ++ integer_to_list(N)];
option(sort, Column) ->
    case text(case is_atom(Column) of true -> atom_to_list(Column); false -> Column end) of
        {ok, Name} -> ["--sort=" ++ Name];
        error -> bad(sort, Column)
    end;
option(pid, Processes) ->
    ["--pid=" ++ process(Process) || Process <- several(pid, Processes)];
option(event, Names) ->
    ["--event=" ++ event(Name) || Name <- several(event, Names)];
option(within, Duration) ->
    [formed(within, Duration, "^" ?DURATION "$")];
option(syntax, Syntax) when Syntax =:= erlang; Syntax =:= elixir ->
    ["--syntax=" ++ atom_to_list(Syntax)];
option(colour, Colour) when is_boolean(Colour); Colour =:= auto ->
    ["--colour=" ++ colour(Colour)];
option(Moment, Given) when Moment =:= 'begin'; Moment =:= 'end'; Moment =:= around ->
    [formed(Moment, Given, "^(" ?DURATION "|" ?OF_DAY "|" ?DATE ")$")];
option(Key, Value) ->
    bad(Key, Value).

%% @doc Whether lines for the caller's group leader are coloured, as beamtapd takes it.
-spec colour(auto | boolean()) -> string().
colour(true) -> "always";
colour(false) -> "never";
colour(auto) -> colour(element(1, io:columns()) =:= ok andalso os:getenv("NO_COLOR") =:= false andalso os:getenv("TERM") =/= "dumb").

several(Key, Given) ->
    case beamtap_shape:elements(Given) of
        [_ | _] = List -> beamtap_shape:proper(List);
        _ -> bad(Key, Given)
    end.

process(Pid) when is_pid(Pid), node(Pid) =:= node() ->
    pid_to_list(Pid);
process(Given) ->
    case text(Given) of
        {ok, Text} ->
            case re:run(Text, "^(#PID)?<0\\.[0-9]{1,10}\\.[0-9]{1,10}>$", [unicode, dollar_endonly, {capture, none}]) of
                match -> Text;
                nomatch -> bad(pid, Given)
            end;
        error ->
            bad(pid, Given)
    end.

event(Name) when is_atom(Name), not is_boolean(Name) -> atom_to_list(Name);
event(Given) ->
    case text(Given) of
        {ok, Text} -> Text;
        error -> bad(event, Given)
    end.

%% A time in milliseconds, or as a text that beamtapd understands.
formed(Key, Ms, _) when is_integer(Ms), Ms >= 0, Ms =< ?MAX_MS ->
    spelled(Key, integer_to_list(Ms) ++ "ms");
formed(Key, Given, Form) ->
    case text(Given) of
        {ok, Text} ->
            case re:run(Text, Form, [unicode, dollar_endonly, {capture, none}]) of
                match -> spelled(Key, Text);
                nomatch -> bad(Key, Given)
            end;
        error ->
            bad(Key, Given)
    end.

spelled(Key, Text) -> "--" ++ atom_to_list(Key) ++ "=" ++ Text.

%% A text that can be an argument of a program.
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

-spec bad(atom(), term()) -> no_return().
bad(Key, Value) -> beamtap_shape:refuse(#{reason => bad_option, option => Key, value => Value}).
