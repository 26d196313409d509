%% LTTng's modes, each against real daemons, read by babeltrace2.
-module(beamtap_mode_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, end_per_testcase/2]).
-export([local/1, flight_recorder/1, live/1, several/1, rotation/1, files/1, shm_path/1, to_relayd/1]).
-export([own_buffers/1, full_own_buffers/1, unreachable_relayd/1, full_disk/1, event_rules/1, trace_format/1, options/1]).
-export([rotation_by_size/1, overwrite/1, switch_timer/1, live_to_relayd/1, flight_to_relayd/1]).
%% Traced
-export([work/1]).

-define(CALLS, 1000).

suite() -> [{timetrap, {minutes, 2}}].

all() ->
    [
        local,
        flight_recorder,
        live,
        several,
        rotation,
        rotation_by_size,
        overwrite,
        switch_timer,
        files,
        shm_path,
        own_buffers,
        full_own_buffers,
        to_relayd,
        live_to_relayd,
        flight_to_relayd,
        unreachable_relayd,
        full_disk,
        event_rules,
        trace_format,
        options
    ].

%% One daemon for all cases: a VM finds a new one only after some seconds.
init_per_suite(Config) ->
    {ok, _} = application:ensure_all_started(beamtap),
    beamtap_sessiond:start(Config).

end_per_suite(Config) -> beamtap_sessiond:end_suite(Config).

end_per_testcase(_, _) ->
    {ok, _} = beamtap:clear(),
    ok.

work(N) -> N.

local(Config) ->
    {Tap, Path} = start(#{mode => local}, ?FUNCTION_NAME, Config),
    [#{mode := local, path := Path, verified := true}] = recordings(Tap),
    {error, #{reason := no_flight_recorder}} = beamtap:snapshot(Tap, "x"),
    worked(Tap),
    {ok, #{path := Path, discarded := 0, lost := 0}} = beamtap:stop(Tap),
    ?CALLS = beamtap_world:calls(Path, ?MODULE, work),
    Named = beamtap_world:scratch(named, Config),
    {ok, Other} = beamtap:start({?MODULE, work, 1}, #{mode => {local, Named}}),
    {ok, #{path := NamedPath}} = beamtap:stop(Other),
    Named = binary_to_list(NamedPath).

%% Nothing is written until a snapshot is asked for; each is a trace of its own.
flight_recorder(Config) ->
    {Tap, Path} = start(#{mode => snapshot}, ?FUNCTION_NAME, Config),
    [#{mode := snapshot, verified := true}] = recordings(Tap),
    [] = written(Path),
    worked(Tap),
    {ok, First} = beamtap:snapshot(Tap, "first"),
    ?CALLS = beamtap_world:calls(First, ?MODULE, work),
    worked(Tap),
    {ok, Second} = beamtap:snapshot(Tap, <<"second">>),
    2 * ?CALLS = beamtap_world:calls(Second, ?MODULE, work),
    {error, #{reason := bad_plan}} = beamtap:snapshot(Tap, "a/b"),
    {error, #{reason := bad_text}} = beamtap:snapshot(Tap, self()),
    {ok, _} = beamtap:stop(Tap),
    {error, #{reason := ended}} = beamtap:snapshot(Tap, "late"),
    [_, _] = written(Path).

%% What is in a trace's directory beside its mark.
written(Path) ->
    {ok, Names} = file:list_dir(Path),
    Names -- [".beamtap"].

%% With a relay daemon of its own, which nobody but this machine reaches, and which ends with the tap.
live(Config) ->
    {Tap, Path} = start(#{mode => {live, 100}}, ?FUNCTION_NAME, Config),
    [#{mode := live, live := Url, verified := true}] = recordings(Tap),
    worked(Tap),
    Watched = beamtap_world:scratch(watched, Config),
    {ok, Beamtapd} = beamtap_sidecar:find(),
    %% babeltrace2 shows only what comes after it.
    Command = ["timeout 60 '", Beamtapd, "' read '", Url, "' >'", Watched, "'; echo $?"],
    {Watcher, Monitor} = spawn_monitor(fun() -> exit(os:cmd(unicode:characters_to_list(Command))) end),
    beamtap_world:until(fun() ->
        case file:read_file(Watched) of
            {ok, Text} -> length(binary:matches(Text, <<"beamtap:call:">>)) >= ?CALLS orelse byte_size(Text);
            Other -> Other
        end
    end),
    [] = [Line || Line <- listening("lttng-relayd"), not is_loopback(Line)],
    {ok, #{discarded := 0}} = beamtap:stop(Tap),
    receive {'DOWN', Monitor, process, Watcher, Status} -> "0\n" = Status end,
    ?CALLS = beamtap_world:calls(Path, ?MODULE, work).

several(Config) ->
    {Tap, Path} = start(#{mode => [local, live, snapshot]}, ?FUNCTION_NAME, Config),
    [#{mode := local, path := Local}, #{mode := live, path := Live}, #{mode := snapshot}] = recordings(Tap),
    true = lists:all(fun(#{verified := Verified}) -> Verified end, recordings(Tap)),
    worked(Tap),
    {ok, Snapshot} = beamtap:snapshot(Tap, "now"),
    {ok, #{recordings := [#{discarded := 0}, #{discarded := 0}, _], discarded := 0, lost := 0}} = beamtap:stop(Tap),
    [?CALLS, ?CALLS, ?CALLS] = [beamtap_world:calls(P, ?MODULE, work) || P <- [Local, Live, Snapshot]],
    [Path, Path] = [filename:dirname(P) || P <- [Local, Live]].

%% Closed chunks are complete; no more are kept than asked for.
rotation(Config) ->
    {Tap, Path} = start(#{rotate => #{every => 200, keep => 2}}, ?FUNCTION_NAME, Config),
    Archives = filename:join(Path, "archives"),
    Seen = fun() -> case file:list_dir(Archives) of {ok, Chunks} -> Chunks; _ -> [] end end,
    beamtap_world:until(fun() -> length(Seen()) > 2 orelse Seen() end),
    First = hd(lists:sort(Seen())),
    beamtap_world:until(fun() -> not lists:member(First, Seen()) orelse Seen() end),
    {ok, #{discarded := 0}} = beamtap:stop(Tap),
    %% Chunk by chunk nothing is missing where all of them are kept.
    {Whole, WholePath} = start(#{rotate => #{every => 200, keep => 1000}}, ?FUNCTION_NAME, Config),
    worked(Whole),
    beamtap_world:until(fun() -> filelib:wildcard(binary_to_list(WholePath) ++ "/archives/*") =/= [] end),
    worked(Whole),
    {ok, #{discarded := 0}} = beamtap:stop(Whole),
    2 * ?CALLS = beamtap_world:calls(WholePath, ?MODULE, work).

rotation_by_size(Config) ->
    Opts = #{rotate => #{size => 16384, keep => 2}, subbuf_size => 4096, num_subbuf => 8},
    {Tap, Path} = start(Opts, ?FUNCTION_NAME, Config),
    Chunks = fun() -> filelib:wildcard(binary_to_list(Path) ++ "/archives/*") end,
    %% LTTng looks at the size now and then.
    Seen = fun() ->
        worked(Tap),
        Chunks()
    end,
    beamtap_world:until(fun() -> length(Seen()) > 2 orelse Chunks() end),
    [First | _] = lists:sort(Chunks()),
    beamtap_world:until(fun() -> not lists:member(First, Seen()) orelse Chunks() end),
    {ok, _} = beamtap:stop(Tap).

%% The newest stay: nothing is discarded, and what went is counted.
overwrite(Config) ->
    Opts = #{on_full => overwrite, subbuf_size => 4096, num_subbuf => 2},
    {Tap, Path} = start(Opts, ?FUNCTION_NAME, Config),
    _ = [worked(Tap) || _ <- lists:seq(1, 50)],
    {ok, #{emitted := Emitted, discarded := 0, lost := Lost}} = beamtap:stop(Tap),
    true = Lost > 0,
    true = lists:sum(maps:values(beamtap_world:recorded(Path))) < Emitted.

%% What does not fill a sub-buffer is written all the same, while the tap goes on.
switch_timer(Config) ->
    {Tap, Path} = start(#{switch_timer => 100}, ?FUNCTION_NAME, Config),
    worked(Tap),
    beamtap_world:until(fun() ->
        Calls = beamtap_world:calls(Path, ?MODULE, work),
        Calls =:= ?CALLS orelse Calls
    end),
    {ok, #{discarded := 0}} = beamtap:stop(Tap).

files(Config) ->
    Opts = #{subbuf_size => 4096, num_subbuf => 8, files => #{size => 4096, count => 2}},
    {Tap, Path} = start(Opts, ?FUNCTION_NAME, Config),
    worked(Tap),
    {ok, _} = beamtap:stop(Tap),
    Streams = filelib:wildcard(binary_to_list(Path) ++ "/ust/uid/*/*/beamtap-events_*_*"),
    [] = [{File, Size} || File <- Streams, Size <- [filelib:file_size(File)], Size > 4096],
    Cpus = lists:usort([lists:nth(2, string:split(filename:basename(File), "_", all)) || File <- Streams]),
    true = length(Streams) =< 2 * length(Cpus).

shm_path(Config) ->
    Shm = beamtap_world:scratch(shm, Config),
    {Tap, Path} = start(#{shm_path => Shm}, ?FUNCTION_NAME, Config),
    [_ | _] = filelib:wildcard(Shm ++ "/**/beamtap-events_*"),
    worked(Tap),
    {ok, _} = beamtap:stop(Tap),
    ?CALLS = beamtap_world:calls(Path, ?MODULE, work).

%% The trace is in a directory named after the VM, and complete; so are closed chunks and live views.
own_buffers(Config) ->
    Opts = #{buffers_per => pid, mode => [local, live], rotate => #{every => 200, keep => 100}},
    {Tap, Path} = start(Opts, ?FUNCTION_NAME, Config),
    [#{verified := true, path := Local}, #{verified := true, path := Live}] = recordings(Tap),
    worked(Tap),
    Archives = filename:join(Local, "archives"),
    beamtap_world:until(fun() -> case file:list_dir(Archives) of {ok, [_, _ | _]} -> true; Other -> Other end end),
    worked(Tap),
    {ok, #{path := Path, discarded := 0, lost := 0, events := Events}} = beamtap:stop(Tap),
    [true] = [is_own(Trace) || Trace <- own_traces(Live)],
    [] = filelib:wildcard(binary_to_list(Path) ++ "/**/ust/uid"),
    Calls = 2 * ?CALLS,
    [Calls, Calls] = [beamtap_world:calls(Place, ?MODULE, work) || Place <- [Local, Live]],
    Events = beamtap_world:recorded(Live).

%% What finds no room is counted, to the event.
full_own_buffers(Config) ->
    Opts = #{buffers_per => pid, subbuf_size => 4096, num_subbuf => 2},
    {Tap, Path} = start(Opts, ?FUNCTION_NAME, Config),
    %% On a busy machine the consumer daemon can be quick enough for any number of calls.
    true = beamtap_victim:signal("lttng-consumerd", "STOP") > 0,
    _ = [worked(Tap) || _ <- lists:seq(1, 50)],
    _ = beamtap_victim:signal("lttng-consumerd", "CONT"),
    {ok, #{emitted := Emitted, recorded := Recorded, discarded := Discarded, lost := 0}} = beamtap:stop(Tap),
    [_] = own_traces(Path),
    true = Discarded > 0,
    Recorded = Emitted - Discarded,
    Recorded = lists:sum(maps:values(beamtap_world:recorded(Path))).

%% Somebody else's relay daemon: what arrives there, this VM cannot see.
to_relayd(Config) ->
    relayed(?FUNCTION_NAME, Config, fun(Url, Output) ->
        {ok, Tap} = beamtap:start({?MODULE, work, 1}, #{mode => {net, Url}}),
        [#{mode := net, url := _, verified := false}] = recordings(Tap),
        worked(Tap),
        {ok, #{path := Url, discarded := 0}} = beamtap:stop(Tap),
        ?CALLS = beamtap_world:calls(Output, ?MODULE, work)
    end).

live_to_relayd(Config) ->
    relayed(?FUNCTION_NAME, Config, fun(Url, Output) ->
        {ok, Tap} = beamtap:start({?MODULE, work, 1}, #{mode => {live, Url, 100}}),
        [#{mode := live, url := Url, verified := false}] = recordings(Tap),
        worked(Tap),
        beamtap_world:until(fun() ->
            Calls = beamtap_world:calls(Output, ?MODULE, work),
            Calls =:= ?CALLS orelse Calls
        end),
        {ok, #{discarded := 0}} = beamtap:stop(Tap)
    end).

flight_to_relayd(Config) ->
    relayed(?FUNCTION_NAME, Config, fun(Url, Output) ->
        {ok, Tap} = beamtap:start({?MODULE, work, 1}, #{mode => {snapshot, Url}}),
        [#{mode := snapshot, url := Url, verified := false}] = recordings(Tap),
        worked(Tap),
        {ok, Url} = beamtap:snapshot(Tap, "now"),
        [_] = filelib:wildcard(Output ++ "/**/now-*"),
        ?CALLS = beamtap_world:calls(Output, ?MODULE, work),
        {ok, _} = beamtap:stop(Tap)
    end).

relayed(Case, Config, Act) ->
    Output = beamtap_world:scratch(Case, Config),
    ok = file:make_dir(Output),
    Pid = Output ++ ".pid",
    [Control, Data, Live] = free_ports(3),
    Arguments = io_lib:format("-C tcp://127.0.0.1:~b -D tcp://127.0.0.1:~b -L tcp://127.0.0.1:~b", [Control, Data, Live]),
    "" = os:cmd(lists:flatten(["sh -c 'lttng-relayd ", Arguments, " -o ", Output, " >/dev/null 2>&1 & echo $! >", Pid, "'"])),
    beamtap_world:until(fun() ->
        case gen_tcp:connect({127, 0, 0, 1}, Data, []) of {ok, S} -> gen_tcp:close(S) =:= ok; Other -> Other end
    end),
    Act(iolist_to_binary(io_lib:format("net://127.0.0.1:~b:~b", [Control, Data])), Output),
    ended(Pid).

unreachable_relayd(_) ->
    [Control, Data] = free_ports(2),
    Url = lists:flatten(io_lib:format("net://127.0.0.1:~b:~b", [Control, Data])),
    Before = beamtap_world:snapshot(),
    {error, #{reason := no_relayd}} = beamtap:start({?MODULE, work, 1}, #{mode => {net, Url}}),
    {error, #{reason := no_relayd}} = beamtap:start({?MODULE, work, 1}, #{mode => {live, Url, 100}}),
    beamtap_world:settled(Before).

%% LTTng would report success, write nothing, and its consumer daemon may die of it: it is not asked.
full_disk(Config) ->
    Disk = beamtap_world:scratch(disk, Config),
    ok = file:make_dir(Disk),
    case os:cmd("mount -t tmpfs -o size=4k none '" ++ Disk ++ "' 2>&1") of
        "" ->
            ok = file:write_file(filename:join(Disk, "full"), binary:copy(<<0>>, 4096)),
            try
                Before = beamtap_world:snapshot(),
                {error, #{reason := output_full}} =
                    beamtap:start({?MODULE, work, 1}, #{output => filename:join(Disk, "trace")}),
                beamtap_world:settled(Before)
            after
                "" = os:cmd("umount -l '" ++ Disk ++ "' 2>&1")
            end;
        Why ->
            beamtap_skip:cannot_run("a small disk needs root: " ++ Why)
    end.

event_rules(Config) ->
    {Tap, Path} = start(#{}, ?FUNCTION_NAME, Config),
    worked(Tap),
    ok = beamtap:disable_event(Tap, "call"),
    worked(Tap),
    ok = beamtap:enable_event(Tap, "call", "function == 4294967295"),
    worked(Tap),
    %% What cannot be a filter changes nothing.
    {error, #{reason := bad_filter, event := <<"call">>, position := 1, problem := {unknown_field, "functon"}, remedy := Remedy}} =
        beamtap:enable_event(Tap, "call", "functon == 5"),
    {match, _} = re:run(Remedy, "did you mean function\\? fields of call: .*function"),
    worked(Tap),
    ok = beamtap:disable_event(Tap, "call"),
    ok = beamtap:enable_event(Tap, "call"),
    worked(Tap),
    {error, #{reason := unknown_event}} = beamtap:enable_event(Tap, "no_such_event"),
    {ok, _} = beamtap:stop(Tap),
    2 * ?CALLS = beamtap_world:calls(Path, ?MODULE, work).

%% LTTng before 2.15 has one format, and says so.
trace_format(Config) ->
    {Tap, Path} = start(#{trace_format => ctf1}, ?FUNCTION_NAME, Config),
    worked(Tap),
    {ok, _} = beamtap:stop(Tap),
    <<"CTF 1.8">> = written_in(Path),
    ?CALLS = beamtap_world:calls(Path, ?MODULE, work),
    Before = beamtap_world:snapshot(),
    Output = beamtap_world:scratch(?FUNCTION_NAME, Config),
    case beamtap:start({?MODULE, work, 1}, #{trace_format => ctf2, output => Output}) of
        {ok, Newer} ->
            worked(Newer),
            {ok, #{discarded := 0}} = beamtap:stop(Newer),
            <<"\"preamble\"">> = written_in(Output),
            ?CALLS = beamtap_world:calls(Output, ?MODULE, work);
        {error, #{reason := no_trace_format, remedy := <<"install lttng-tools 2.15", _/binary>>}} ->
            false = filelib:is_dir(Output),
            beamtap_world:settled(Before)
    end.

%% What only metadata of one of the formats has.
written_in(Path) ->
    [Metadata] = filelib:wildcard(unicode:characters_to_list(Path) ++ "/ust/uid/*/*/metadata"),
    {ok, Text} = file:read_file(Metadata),
    {match, [Sign]} = re:run(Text, "CTF 1.8|\"preamble\"", [{capture, first, binary}]),
    Sign.

options(_) ->
    Refused = [
        #{mode => nothing},
        #{mode => []},
        #{mode => [snapshot, {snapshot, "net://h"}]},
        #{mode => [local | live]},
        #{mode => {net, "http://h"}},
        #{mode => {net, 5}},
        #{mode => {live, 0}},
        #{mode => {live, "net://h", infinity}},
        #{mode => {local, ""}},
        #{mode => {local, "a"}, output => "b"},
        #{mode => snapshot, rotate => 1000},
        #{rotate => 0},
        #{rotate => #{keep => 2}},
        #{rotate => #{every => 5, often => 1}},
        #{files => #{size => 0}},
        #{files => 7},
        #{on_full => wait},
        #{buffers => huge},
        #{switch_timer => 0},
        #{trace_format => ctf3},
        #{buffers_per => process},
        #{buffers_per => pid, mode => [local, snapshot]},
        #{shm_path => <<0>>}
    ],
    _ = [
        {Opts, {error, #{reason := bad_option, option := _}}} = {Opts, beamtap_options:check(Opts, self())}
     || Opts <- Refused
    ],
    Sizes = [
        {#{}, 524288, 8},
        {#{buffers => low}, 65536, 4},
        {#{buffers => high}, 2097152, 16},
        {#{buffers => low, num_subbuf => 16}, 65536, 16}
    ],
    [
        {Opts, {ok, #{subbuf_size := Size, num_subbuf := Count}}} = {Opts, beamtap_options:check(Opts, self())}
     || {Opts, Size, Count} <- Sizes
    ].

%%% Within

start(Opts, Case, Config) ->
    {ok, Tap} = beamtap:start({?MODULE, work, 1}, Opts#{output => beamtap_world:scratch(Case, Config)}),
    {ok, #{path := Path}} = beamtap:info(Tap),
    {Tap, Path}.

recordings(Tap) ->
    {ok, #{state := recording, recordings := Recordings}} = beamtap:info(Tap),
    Recordings.

worked(_) ->
    lists:foreach(fun ?MODULE:work/1, lists:seq(1, ?CALLS)).

%% The directories of VMs' own traces anywhere below a place.
own_traces(Path) ->
    filelib:wildcard(binary_to_list(Path) ++ "/**/ust/pid/*").

is_own(Trace) ->
    lists:prefix("beam.smp-" ++ os:getpid() ++ "-", filename:basename(Trace)).

free_ports(Count) ->
    Listening = [element(2, {ok, _} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}}])) || _ <- lists:seq(1, Count)],
    Ports = [element(2, {ok, _} = inet:port(Socket)) || Socket <- Listening],
    lists:foreach(fun gen_tcp:close/1, Listening),
    Ports.

%% The local addresses, as /proc writes them, at which processes of this name listen.
listening(Name) ->
    Inodes = [
        Inode
     || Stat <- filelib:wildcard("/proc/[0-9]*/comm"),
        {ok, Comm} <- [file:read_file(Stat)],
        string:prefix(Name, string:trim(Comm)) =/= nomatch,
        Fd <- filelib:wildcard(filename:dirname(Stat) ++ "/fd/*"),
        {ok, "socket:[" ++ Rest} <- [file:read_link(Fd)],
        Inode <- [list_to_binary(string:trim(Rest, trailing, "]"))]
    ],
    [
        Address
     || Table <- ["/proc/net/tcp", "/proc/net/tcp6"],
        {ok, Text} <- [file:read_file(Table)],
        Line <- binary:split(Text, <<"\n">>, [global]),
        [_, Address, _, <<"0A">>, _, _, _, _, _, Inode | _] <- [binary:split(Line, <<" ">>, [global, trim_all])],
        lists:member(Inode, Inodes)
    ].

is_loopback(<<"0100007F:", _/binary>>) -> true;
is_loopback(_) -> false.

%% Ends the daemon whose pid is in a file, and waits for its end.
ended(File) ->
    {ok, Text} = file:read_file(File),
    Pid = string:trim(binary_to_list(Text)),
    "" = os:cmd("kill " ++ Pid),
    beamtap_world:until(fun() -> not filelib:is_file("/proc/" ++ Pid ++ "/exe") orelse Pid end).
