%% @private
%% Shows a tap's events in a shell while they happen.
%%
%% A live LTTng session of its own records what the tap records. beamtapd reads that session and makes lines. A process
%% beside the shell's prints them and holds the LTTng session and the port, so both end with it.
-module(beamtap_watch).

-export([run/2]).
-export_type([opts/0, view/0]).

%% `syntax': the language of names and terms (`erlang'). `lines': events shown per second (100); the others are counted.
%% `colour': `auto' colours on a terminal, unless NO_COLOR is set.
-type opts() ::
    #{syntax => erlang | elixir, lines => pos_integer(), colour => auto | boolean()}
    | [{syntax | lines | colour, term()}].

%% The name of a tap's LTTng session, and the events it records.
-type view() :: #{name := binary(), wanted := [beamtap_lttng:wanted()]}.

%% People do not read more.
-define(DEFAULT_LINES, 100).
%% How long an event waits before it can be seen.
-define(LIVE_MS, 200).
%% How long after the tap's end lines are still shown.
-define(LAST_LINES_MS, 3000).
%% A relay daemon keeps so much of each stream for beamtapd, and no more.
-define(FILES, #{size => 16777216, count => 4}).

%% @doc Prints what a tap records to the caller's group leader, until return is pressed there, the tap ends, or the caller
%% exits.
-spec run(beamtap:tap(), opts()) -> ok | beamtap_error:error().
run(Tap, Opts) ->
    case {beamtap_taps:session(Tap), check(Opts)} of
        {{ok, Session}, {ok, Checked}} -> beside(Session, Checked#{tap => Tap});
        {{ok, _}, {error, _} = Error} -> Error;
        %% It says why there is nothing to watch.
        {none, _} -> {error, _} = beamtap_taps:ask(Tap, view);
        {{error, _} = Error, _} -> Error
    end.

beside(Session, #{tap := Tap} = Opts) ->
    Caller = self(),
    {Viewer, Monitor} = spawn_monitor(fun() -> Caller ! {self(), shown, view(Caller, Session, Opts)} end),
    receive
        {Viewer, shown, Answer} ->
            true = demonitor(Monitor, [flush]),
            Answer;
        {'DOWN', Monitor, process, Viewer, _} ->
            {error, #{reason => ended, tap => Tap, why => watch}}
    end.

check(Opts) ->
    Defaults = #{syntax => erlang, lines => ?DEFAULT_LINES, colour => auto},
    try
        {ok, maps:merge(Defaults, maps:map(fun option/2, beamtap_shape:keyed(Opts, maps:keys(Defaults))))}
    catch
        throw:{error, _} = Error -> Error
    end.

option(syntax, Syntax) when Syntax =:= erlang; Syntax =:= elixir -> Syntax;
option(lines, Lines) when is_integer(Lines), Lines > 0 -> Lines;
option(colour, Colour) when is_boolean(Colour); Colour =:= auto -> Colour;
option(Key, Value) -> beamtap_shape:refuse(#{reason => bad_option, option => Key, value => Value}).

%%% The process that prints

view(Caller, Session, Opts) ->
    %% No tap shows this process, not even the one that is watched.
    process_flag(sensitive, true),
    process_flag(trap_exit, true),
    Ends = #{monitor(process, Caller) => caller, monitor(process, Session) => tap},
    case place(Session) of
        {ok, Place} -> within(Place, fun(Url) -> show(Url, Ends, Caller, Opts) end);
        {error, _} = Error -> Error
    end.

%% The tap's events, and a place for what the relay daemon writes.
place(Session) ->
    case beamtap_session:ask(Session, view) of
        {ok, #{name := Tap, wanted := Wanted}} ->
            Name = <<Tap/binary, "-watch", (integer_to_binary(erlang:unique_integer([positive])))/binary>>,
            case beamtap_traces:path(default, Name) of
                {ok, Path} -> {ok, #{name => Name, path => Path, wanted => Wanted, may_start => false}};
                {error, _} = Error -> Error
            end;
        {error, _} = Error ->
            Error
    end.

within(#{path := Path} = Place, Show) ->
    {ok, Mode} = beamtap_options:check(#{mode => {live, ?LIVE_MS}, files => ?FILES}, self()),
    Deadline = beamtap_deadline:start(),
    try
        case beamtap_lttng:open(Place, Mode, Deadline) of
            {ok, Live} ->
                try
                    recorded(beamtap_lttng:start(Live, Deadline), Live, Show)
                after
                    beamtap_lttng:destroy(Live, beamtap_deadline:stop())
                end;
            {error, _} = Error ->
                Error
        end
    after
        file:del_dir_r(Path)
    end.

recorded(ok, [#{live := Url}] = Live, Show) ->
    case beamtap_recording:define() of
        ok -> (Show(Url))(Live);
        Failed -> beamtap_recording:start_error(Failed)
    end;
recorded(Failed, _, _) ->
    beamtap_recording:start_error(Failed).

show(Url, Ends, Caller, #{syntax := Syntax, lines := Lines, colour := Colour, tap := Tap}) ->
    fun(Live) ->
        IsTerminal = element(1, io:columns()) =:= ok,
        Options = [
            "--syntax=" ++ atom_to_list(Syntax),
            "--lines=" ++ integer_to_list(Lines),
            "--colour=" ++ beamtap_report:colour(Colour)
            | ["--without=" ++ pid_to_list(Pid) || Pid <- [Caller, group_leader()], node(Pid) =:= node()]
        ],
        case beamtap_sidecar:watch(Url, Options) of
            {ok, Port} ->
                %% Before the first line, since where nothing happens there is none.
                IsTerminal andalso io:put_chars(["… press return to stop watching; tap ", integer_to_list(element(2, Tap)), " runs on\n"]),
                Viewer = self(),
                {Reader, Monitor} = spawn_monitor(fun() -> read_line(Viewer) end),
                try
                    relay(Port, <<>>, Ends#{Monitor => reader}, Live)
                after
                    exit(Reader, kill)
                end;
            {error, _} = Error ->
                Error
        end
    end.

%% Without input nobody can press return.
read_line(Viewer) ->
    process_flag(sensitive, true),
    case io:get_line("") of
        Line when is_list(Line); is_binary(Line) -> Viewer ! return_pressed;
        _ -> nobody
    end.

relay(Port, Rest, Ends, Live) ->
    receive
        {Port, {data, Data}} ->
            relay(Port, beamtap_sidecar:put_chars(<<Rest/binary, Data/binary>>), Ends, Live);
        {Port, {exit_status, Status}} ->
            beamtap_sidecar:ended(Status);
        return_pressed ->
            close(Port);
        {'DOWN', Monitor, process, _, _} when is_map_key(Monitor, Ends) ->
            case map_get(Monitor, Ends) of
                reader ->
                    relay(Port, Rest, maps:remove(Monitor, Ends), Live);
                caller ->
                    close(Port);
                tap ->
                    %% Then beamtapd reads to the end.
                    _ = beamtap_lttng:destroy(Live, beamtap_deadline:stop()),
                    ok = drain(Port, Rest, beamtap_deadline:within(?LAST_LINES_MS)),
                    io:put_chars("… the tap has ended" ++ case lists:member(reader, maps:values(Ends)) of
                        %% A shell reads the line that it was asked for before it shows its prompt.
                        true -> ": press return\n";
                        false -> "\n"
                    end)
            end
    end.

drain(Port, Rest, Deadline) ->
    receive
        {Port, {data, Data}} -> drain(Port, beamtap_sidecar:put_chars(<<Rest/binary, Data/binary>>), Deadline);
        {Port, {exit_status, _}} -> ok
    after beamtap_deadline:remaining(Deadline) ->
        close(Port)
    end.

close(Port) ->
    true = erlang:port_close(Port),
    ok.
