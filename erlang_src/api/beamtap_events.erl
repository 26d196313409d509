%% @private
%% The events of a trace in the shell, as the lines that `beamtap:watch' shows while they happen.
-module(beamtap_events).

-export([print/2]).
-export_type([opts/0]).

%% `pid': of these processes only. `event': of these names only; `*' in a name is any text. `begin', `end': from there,
%% up to there. `around': what happened around that time, `within' before and behind it (10 ms). `last': the last so many
%% of these, or those of so much time (`"2s"'), or `infinity' for all. `syntax' and `colour' as for {@link beamtap:watch/2}.
-type opts() ::
    #{
        pid => process() | [process()],
        event => unicode:chardata() | atom() | [unicode:chardata() | atom()],
        'begin' => beamtap_moment:moment(),
        'end' => beamtap_moment:moment(),
        around => beamtap_moment:moment(),
        within => beamtap_moment:duration(),
        last => pos_integer() | infinity | unicode:chardata(),
        syntax => erlang | elixir,
        colour => auto | boolean()
    }
    | [{pid | event | 'begin' | 'end' | around | within | last | syntax | colour, term()}].
%% A process of this node, or one as either language writes it.
-type process() :: pid() | unicode:chardata().

-define(KEYS, [pid, around, last, event, 'begin', 'end', within, syntax, colour]).
%% Shown unless more are asked for: the last of all events, or the first of those from a time on.
-define(LAST, 100).
-define(FIRST, 1000).
-define(MAX_LAST, 16#FFFFFFFF).

%% @doc Prints the events to the caller's group leader.
-spec print(beamtap_report:what(), opts()) -> ok | beamtap_error:error().
print(What, Opts) ->
    try
        Defaults = #{syntax => beamtap_wording:language(), colour => auto},
        Given = maps:merge(Defaults, beamtap_shape:keyed(Opts, ?KEYS)),
        {Most, Bound} = bound(Given),
        Arguments = Bound ++ lists:append([argument(Key, Value) || {Key, Value} <- maps:to_list(maps:remove(last, Given))]),
        case beamtap_report:trace(What) of
            {ok, Path, _} -> more(beamtap_sidecar:lines(["read", Path, "--named" | Arguments], Most), Given);
            {error, _} = Error -> Error
        end
    catch
        throw:{error, _} = Refused -> Refused
    end.

%% How many lines are printed at most, and the option that sees to it at the trace's end.
bound(#{last := infinity}) ->
    {infinity, []};
bound(#{last := N}) when is_integer(N), N >= 1, N =< ?MAX_LAST ->
    {infinity, ["--last=" ++ integer_to_list(N)]};
bound(#{last := Duration}) when is_binary(Duration); is_list(Duration) ->
    {infinity, [beamtap_moment:duration(last, Duration)]};
bound(#{last := Other}) ->
    bad(last, Other, "a number of events from 1 on, a duration such as \"2s\", or infinity");
bound(#{around := _}) ->
    {?FIRST, []};
bound(#{'begin' := _}) ->
    {?FIRST, []};
bound(_) ->
    {infinity, ["--last=" ++ integer_to_list(?LAST)]}.

%% What was not shown.
more({ok, ?LAST, whole}, Given) when not is_map_key(last, Given), not is_map_key(around, Given), not is_map_key('begin', Given) ->
    io:put_chars(["… these are the last ", integer_to_list(?LAST), ": ", beamtap_wording:setting(last, 1000), " shows more\n"]);
more({ok, _, whole}, _) ->
    ok;
more({ok, Count, cut}, _) ->
    io:put_chars(["… these are the first ", integer_to_list(Count), ": ", beamtap_wording:setting(last, infinity), " shows all\n"]);
more({error, _} = Error, _) ->
    Error.

argument(pid, Processes) ->
    ["--pid=" ++ process(Process) || Process <- proper(pid, beamtap_shape:elements(Processes))];
argument(event, Names) ->
    ["--event=" ++ name(Name) || Name <- proper(event, beamtap_shape:elements(Names))];
argument(within, Duration) ->
    [beamtap_moment:duration(within, Duration)];
argument(syntax, Syntax) when Syntax =:= erlang; Syntax =:= elixir ->
    ["--syntax=" ++ atom_to_list(Syntax)];
argument(syntax, Other) ->
    bad(syntax, Other, "erlang or elixir");
argument(colour, Colour) when is_boolean(Colour); Colour =:= auto ->
    ["--colour=" ++ beamtap_watch:colour(Colour)];
argument(colour, Other) ->
    bad(colour, Other, "auto, true or false");
argument(Moment, Given) ->
    [beamtap_moment:argument(Moment, Given)].

proper(_, [_ | _] = List) -> beamtap_shape:proper(List);
proper(Key, Other) -> bad(Key, Other, "one or more").

process(Pid) when is_pid(Pid), node(Pid) =:= node() ->
    pid_to_list(Pid);
process(Given) ->
    case beamtap_moment:text(Given) of
        {ok, Text} ->
            case re:run(Text, "^(#PID)?<0\\.[0-9]{1,10}\\.[0-9]{1,10}>$", [unicode, dollar_endonly, {capture, none}]) of
                match -> Text;
                nomatch -> bad_process(Given)
            end;
        error ->
            bad_process(Given)
    end.

name(Name) when is_atom(Name), not is_boolean(Name) -> atom_to_list(Name);
name(Given) ->
    case beamtap_moment:text(Given) of
        {ok, Text} -> Text;
        error -> bad(event, Given, "the name of an event, such as \"call\" or \"gc_*\"")
    end.

-spec bad_process(term()) -> no_return().
bad_process(Given) ->
    bad(pid, Given, "a process of this node, or \"<0.87.0>\"").

-spec bad(atom(), term(), unicode:chardata()) -> no_return().
bad(Key, Value, Want) ->
    beamtap_shape:fail(bad_option, [beamtap_wording:setting(Key, Value), " cannot be"], [atom_to_list(Key), " is ", Want]).
