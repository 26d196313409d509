%% @private
%% Live lines of a tap in a shell.
%%
%% A live LTTng session of the watch's own records what the tap records, beamtapd reads it and makes lines of it, and a
%% process beside the shell's prints them. That process has the LTTng session and the port: both are gone when it is.
-module(beamtap_watch).

-export([run/3, colour/1]).
-export_type([opts/0, view/0]).

%% `syntax': the language that names and terms are written in, by default that of the face that was called. `lines': events shown per second, the others are
%% counted. `colour': `auto' where the group leader is a terminal, unless NO_COLOR is set.
-type opts() ::
    #{syntax => erlang | elixir, lines => pos_integer(), colour => auto | boolean()}
    | [{syntax | lines | colour, term()}].

%% The name of a tap's LTTng session, and the events it records.
-type view() :: #{name := binary(), wanted := [beamtap_lttng:wanted()]}.

%% More than that nobody reads.
-define(DEFAULT_LINES, 100).
%% How long an event waits before it can be seen.
-define(LIVE_MS, 200).
%% What is not shown this long after the tap's end is not shown.
-define(LAST_LINES_MS, 3000).
%% A relay daemon keeps so much of each stream for beamtapd, and no more.
-define(FILES, #{size => 16777216, count => 4}).

%% @doc Prints what the tap of a session records to the caller's group leader, until return is pressed there, the tap
%% ends, or the caller does.
-spec run(pid(), opts(), beamtap:tap()) -> ok | beamtap_error:error().
run(Session, Opts, Tap) ->
    case check(Opts) of
        {ok, Checked} ->
            Caller = self(),
            Wording = beamtap_wording:current(),
            {Viewer, Monitor} = spawn_monitor(fun() ->
                ok = beamtap_wording:adopt(Wording),
                Caller ! {self(), shown, view(Caller, Session, Checked#{tap => Tap})}
            end),
            receive
                {Viewer, shown, Answer} ->
                    true = demonitor(Monitor, [flush]),
                    Answer;
                {'DOWN', Monitor, process, Viewer, _} ->
                    beamtap_error:new(ended, "the live lines ended", ["the tap runs on: ", beamtap_wording:either("beamtap:info(", "Beamtap.info("), beamtap_error:quote(Tap), ")"])
            end;
        {error, _} = Error ->
            Error
    end.

check(Opts) ->
    Defaults = #{syntax => beamtap_wording:language(), lines => ?DEFAULT_LINES, colour => auto},
    try
        {ok, maps:merge(Defaults, maps:map(fun option/2, beamtap_shape:keyed(Opts, maps:keys(Defaults))))}
    catch
        throw:{error, _} = Error -> Error
    end.

option(syntax, Syntax) when Syntax =:= erlang; Syntax =:= elixir -> Syntax;
option(lines, Lines) when is_integer(Lines), Lines > 0 -> Lines;
option(colour, Colour) when is_boolean(Colour); Colour =:= auto -> Colour;
option(Key, Value) ->
    Want = #{syntax => "erlang or elixir", lines => "a number of events per second", colour => "auto, true or false"},
    beamtap_shape:fail(
        bad_option,
        [beamtap_wording:setting(Key, Value), " cannot be"],
        [atom_to_list(Key), " is ", map_get(Key, Want)]
    ).

%%% The process that prints

view(Caller, Session, Opts) ->
    %% Nobody's tap shows it, not even one that is watched from here.
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
    {ok, Mode} = beamtap_spec:check_opts(#{mode => {live, ?LIVE_MS}, files => ?FILES}, self()),
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
            "--colour=" ++ colour(Colour)
            | ["--without=" ++ pid_to_list(Pid) || Pid <- [Caller, group_leader()], node(Pid) =:= node()]
        ],
        case beamtap_sidecar:watch(Url, Options) of
            {ok, Port} ->
                %% Before the first line: where nothing happens there is none.
                IsTerminal andalso io:put_chars(["… return ends this, and ", beamtap_error:quote(Tap), " runs on\n"]),
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

%% @doc Whether lines for the caller's group leader are coloured, as beamtapd takes it.
-spec colour(auto | boolean()) -> string().
colour(true) -> "always";
colour(false) -> "never";
colour(auto) -> colour(element(1, io:columns()) =:= ok andalso os:getenv("NO_COLOR") =:= false andalso os:getenv("TERM") =/= "dumb").

%% Where there is nothing to read, there is nobody to press return.
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
