%% What a trace says of modules, clocks and labels, to whom, and when.
-module(beamtap_definitions_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_testcase/2, end_per_testcase/2]).
-export([modules/1, clocks/1, labels/1, callers/1, outside_session/1, listed/1, joining_session/1]).
-export([record_oneself/2]).

suite() -> [{timetrap, {minutes, 2}}].

all() -> [modules, clocks, labels, callers, outside_session, listed, joining_session].

init_per_suite(Config) -> beamtap_sessiond:begin_suite(Config).

end_per_suite(Config) -> beamtap_sessiond:end_suite(Config).

init_per_testcase(_, Config) -> beamtap_sessiond:begin_case(Config).

end_per_testcase(_, Config) -> beamtap_sessiond:end_case(Config).

%% All that are loaded, with their checksums; and those that come while the tap records.
modules(Config) ->
    Before = checksums(code:all_loaded()),
    Late = beamtap_definitions_late,
    {module, Late} = recorded(?FUNCTION_NAME, Config, fun() ->
        {ok, Late, Code} = compile:forms([{attribute, 1, module, Late}]),
        code:load_binary(Late, "nowhere", Code)
    end),
    Md5 = checksum(Late),
    true = code:delete(Late),
    _ = code:purge(Late),
    Defined = [{Module, Sum} || {_, #{module := Module, md5 := Sum}} <- events(def_module)],
    [] = Before -- Defined,
    %% Once, and after all others.
    [{_, Md5}] = [D || {Module, _} = D <- Defined, Module =:= atom_to_list(Late)].

%% The offsets lead from one clock to the other: within a second, since nobody can read two at once.
clocks(Config) ->
    ok = recorded(?FUNCTION_NAME, Config, fun() -> ok end),
    [{def_clock, #{monotonic_offset_ns := ToTrace, system_offset_ns := ToSystem}}] = events(def_clock),
    Second = 1000000000,
    true = agree(fun() -> erlang:monotonic_time(nanosecond) + ToTrace end, fun uptime_ns/0, Second),
    true = agree(fun() -> erlang:monotonic_time(nanosecond) + ToTrace + ToSystem end, fun() -> erlang:system_time(nanosecond) end, Second).

%% One clock is read before and after the other: others may keep the processor in between.
agree(One, Other, WithinNs) ->
    {Before, Then, After} = {One(), Other(), One()},
    Before - WithinNs < Then andalso Then < After + WithinNs.

uptime_ns() ->
    {ok, Uptime} = file:read_file("/proc/uptime"),
    [Seconds | _] = string:lexemes(Uptime, " "),
    round(binary_to_float(Seconds) * 1.0e9).

labels(Config) ->
    Labelled = [spawn_labelled(Label) || Label <- ["a text", {a, term}, <<"ä"/utf8>>, lists:duplicate(1000, $l)]],
    ok = recorded(?FUNCTION_NAME, Config, fun() -> ok end),
    Told = [{Pid, Label} || {_, #{pid := Pid, label := Label}} <- events(def_process_label)],
    case erlang:function_exported(proc_lib, get_label, 1) of
        true ->
            Texts = ["a text", "{a,term}", "ä", lists:duplicate(252, $l) ++ "…"],
            [] = lists:zip([wire(Pid) || Pid <- Labelled], Texts) -- Told;
        false ->
            [] = Told
    end,
    [exit(Pid, kill) || Pid <- Labelled].

%% Who calls beamtap is not to be seen in traces meanwhile, and is yet named in them: in a recording, and in a snapshot of
%% buffers that no longer have what was said at the start.
callers(Config) ->
    Output = beamtap_world:scratch(?FUNCTION_NAME, Config),
    Caller = proc_lib:spawn_link(?MODULE, record_oneself, [self(), Output]),
    {Snapshot, Path} = receive {recorded, Caller, Directories} -> Directories end,
    Label = case erlang:function_exported(proc_lib, set_label, 1) of true -> ["a caller"]; false -> [] end,
    [{true, Label} = named(Caller, Directory) || Directory <- [Snapshot, Path]].

record_oneself(Test, Output) ->
    _ = [apply(proc_lib, set_label, ["a caller"]) || erlang:function_exported(proc_lib, set_label, 1)],
    Functions = #{functions => "lists:seq/2", targets => self()},
    {ok, Recorder} = beamtap:start(Functions, #{
        output => Output, mode => snapshot, subbuf_size => 4096, num_subbuf => 2, for => infinity, events => infinity
    }),
    _ = [lists:seq(1, 2) || _ <- lists:seq(1, 100000)],
    {ok, Snapshot} = beamtap:snapshot(Recorder, "full"),
    {ok, _} = beamtap:stop(Recorder),
    {ok, Tap} = beamtap:start(Functions, #{output => filename:join(Output, "tap")}),
    {ok, #{path := Path}} = beamtap:stop(Tap),
    Test ! {recorded, self(), {Snapshot, Path}}.

named(Pid, Directory) ->
    Wire = wire(Pid),
    Events = beamtap_world:events(Directory, [def_process, def_process_label, def_function]),
    Own = [Id || {def_function, #{function := Id, module := "beamtap_definitions_SUITE", name := "record_oneself"}} <- Events],
    Functions = [Function || {def_process, #{pid := Known, function := Function}} <- Events, Known =:= Wire],
    {Functions -- Own =/= Functions, lists:usort([Label || {def_process_label, #{pid := Known, label := Label}} <- Events, Known =:= Wire])}.

%% Nobody but LTTng is told of the session, and it resolves by itself.
outside_session(Config) ->
    ok = beamtap:load_provider(),
    Output = beamtap_world:scratch(?FUNCTION_NAME, Config),
    Told = told(),
    lttng(["create outside --output='" ++ Output ++ "'", "enable-event --session=outside -u 'beamtap:*'", "start outside"]),
    %% Modules come last.
    beamtap_world:until(fun() -> told() > Told orelse told() end),
    beamtap_world:until(fun() -> settled_count() end),
    lttng(["stop outside", "destroy outside"]),
    Events = beamtap_world:events(Output, [def_vm, def_clock, def_process, def_module]),
    [_] = [E || {def_vm, _} = E <- Events],
    [_] = [E || {def_clock, _} = E <- Events],
    Mine = wire(self()),
    [_] = [E || {def_process, #{pid := Pid}} = E <- Events, Pid =:= Mine],
    [_] = [E || {def_module, #{module := Module}} = E <- Events, Module =:= atom_to_list(?MODULE)].

%% Each with what it records of this VM; not those that record another process, or nothing of it, and not the taps'.
listed(Config) ->
    ok = beamtap:load_provider(),
    [] = outside(),
    Output = beamtap_world:scratch(?FUNCTION_NAME, Config),
    Place = fun(Name) -> filename:join(Output, Name) end,
    lttng([
        "create plain --output='" ++ Place("plain") ++ "'",
        "enable-channel --session=plain -u --buffers-pid own",
        "enable-event --session=plain -u --channel=own beamtap:call,beamtap:mark,other:event",
        "create recorder --snapshot --output='" ++ Place("recorder") ++ "'",
        "enable-event --session=recorder -u 'beam*'",
        "start recorder",
        "create elsewhere --output='" ++ Place("elsewhere") ++ "'",
        "enable-event --session=elsewhere -u 'beamtap:*'",
        "track --session=elsewhere -u --vpid=1",
        "start elsewhere",
        "create deaf --output='" ++ Place("deaf") ++ "'",
        "enable-event --session=deaf -u 'other:*'",
        "start deaf"
    ]),
    {ok, Tap} = beamtap:start(#{classes => procs, targets => self()}, #{output => Place("tap"), for => 60000}),
    Expected = fun(IsActive) ->
        [
            #{
                session => <<"plain">>,
                state => outside,
                active => IsActive,
                mode => local,
                path => list_to_binary(Place("plain")),
                events => [<<"beamtap:call">>, <<"beamtap:mark">>]
            },
            #{
                session => <<"recorder">>,
                state => outside,
                active => true,
                mode => snapshot,
                path => list_to_binary(Place("recorder")),
                events => [<<"beam*">>]
            }
        ]
    end,
    lists_outside(Expected(false)),
    [#{tap := Tap}] = [Info || #{tap := T} = Info <- beamtap:info(), T =:= Tap],
    lttng(["start plain"]),
    lists_outside(Expected(true)),
    %% Standing still, the daemon cannot be asked.
    "" = os:cmd("kill -STOP " ++ sessiond(Config)),
    lists_outside([Session#{active := unknown} || Session <- Expected(true)]),
    "" = os:cmd("kill -CONT " ++ sessiond(Config)),
    {ok, _} = beamtap:stop(Tap),
    lttng(["destroy " ++ Session || Session <- ["plain", "recorder", "elsewhere", "deaf"]]),
    lists_outside([]).

%% LTTng has one switch for all sessions and does not tell of one that joins a tap: it is told when it is seen.
joining_session(Config) ->
    Output = beamtap_world:scratch(?FUNCTION_NAME, Config),
    Recorded = beamtap_world:scratch(tap, Config),
    {ok, Tap} = beamtap:start(#{classes => procs, targets => self()}, #{output => Recorded, for => 60000}),
    lttng(["create joining --output='" ++ Output ++ "'", "enable-event --session=joining -u 'beamtap:*'", "start joining"]),
    Told = told(),
    until_joined(),
    beamtap_world:until(fun() -> told() > Told andalso settled_count() end),
    Twice = told(),
    until_joined(),
    true = settled_count(),
    Twice = told(),
    {ok, _} = beamtap:stop(Tap),
    lttng(["stop joining", "destroy joining"]),
    [_] = beamtap_world:events(Output, [def_vm]).

%%% Within

outside() ->
    Named = lists:sort([{Name, Session} || #{state := outside, session := Name} = Session <- beamtap:info()]),
    [Session || {_, Session} <- Named].

%% A session daemon that does not answer in time is no error of those who ask.
lists_outside(Expected) ->
    beamtap_world:until(fun() ->
        Outside = outside(),
        Outside =:= Expected orelse Outside
    end).

until_joined() ->
    beamtap_world:until(fun() ->
        case outside() of
            [#{session := <<"joining">>, active := true}] -> true;
            Other -> Other
        end
    end).

lttng(Commands) ->
    [{Command, 0} = {Command, run("lttng " ++ Command)} || Command <- Commands].

sessiond(Config) ->
    {ok, Pid} = file:read_file(proplists:get_value(pid_file, Config)),
    string:trim(binary_to_list(Pid)).

recorded(Case, Config, Work) ->
    Output = beamtap_world:scratch(Case, Config),
    {ok, Tap} = beamtap:start(#{classes => procs, targets => self()}, #{output => Output, for => 60000}),
    Result = Work(),
    {ok, #{path := Path, events := Events, discarded := 0, lost := 0, problems := []}} = beamtap:stop(Tap),
    Events = beamtap_world:recorded(Path),
    put(trace, unicode:characters_to_list(Path)),
    Result.

events(Name) ->
    beamtap_world:events(get(trace), [Name]).

checksums(Loaded) ->
    [{atom_to_list(Module), checksum(Module)} || {Module, _} <- Loaded].

checksum(Module) ->
    lists:flatten([io_lib:format("~2.16.0b", [Byte]) || <<Byte>> <= Module:module_info(md5)]).

told() ->
    {_, Emitted, _, _, _} = lists:keyfind(<<"def_module">>, 1, beamtap_nif:counters()),
    Emitted.

%% The dump is one call of the NIF; it is over when the process that makes it answers again.
settled_count() ->
    gen_server:call(beamtap_definitions, settled) =:= ok.

run(Command) ->
    Said = os:cmd(Command ++ " >/dev/null 2>&1; echo $?"),
    list_to_integer(string:trim(Said)).

spawn_labelled(Label) ->
    Test = self(),
    Pid = spawn(fun() ->
        _ = [apply(proc_lib, set_label, [Label]) || erlang:function_exported(proc_lib, set_label, 1)],
        Test ! {labelled, self()},
        receive
            never -> ok
        end
    end),
    receive
        {labelled, Pid} -> Pid
    end.

wire(Pid) ->
    [_, Number, Serial] = string:lexemes(pid_to_list(Pid), "<.>"),
    list_to_integer(Serial) bsl 32 + list_to_integer(Number).
