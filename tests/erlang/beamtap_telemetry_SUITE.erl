%% What an application hears of taps through telemetry, which a module stands for here, and what its log says on the
%% timeline.
-module(beamtap_telemetry_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_testcase/2, end_per_testcase/2]).
-export([taps_are_told/1, only_when_asked/1, handlers_that_fail/1, handlers_that_link/1, faces_give_up/1]).
-export([log_events_are_marks/1, logging_goes_on/1]).
%% Logger's formatter
-export([format/2]).

suite() -> [{timetrap, {minutes, 2}}].

all() -> [taps_are_told, only_when_asked, handlers_that_fail, handlers_that_link, faces_give_up, log_events_are_marks, logging_goes_on].

init_per_suite(Config) ->
    {ok, _} = application:ensure_all_started(beamtap),
    true = os:putenv("BEAMTAP_TRACES", filename:join(proplists:get_value(priv_dir, Config), "traces")),
    beamtap_sessiond:warm(Config).

end_per_suite(Config) ->
    true = os:unsetenv("BEAMTAP_TRACES"),
    _ = application:stop(beamtap),
    beamtap_sessiond:stop(Config).

init_per_testcase(_, Config) ->
    {ok, _} = application:ensure_all_started(beamtap),
    Config.

end_per_testcase(_, _) ->
    _ = logger:remove_handler(beamtap),
    ok = application:set_env(beamtap, telemetry, false),
    _ = code:purge(telemetry),
    _ = code:delete(telemetry),
    {ok, _} = beamtap:clear(),
    ok.

taps_are_told(_) ->
    ok = telemetry("Telemetry ! {heard, Event, Measurements, Metadata}, ok"),
    ok = application:set_env(beamtap, telemetry, true),
    {ok, Tap} = beamtap:start(procs),
    {#{system_time := Began}, #{tap := Tap, path := Path}} = heard([beamtap, tap, start]),
    true = is_integer(Began),
    {ok, #{emitted := Emitted, bytes := Bytes} = Receipt} = beamtap:stop(Tap),
    {#{duration := Duration, emitted := Emitted, bytes := Bytes, discarded := 0}, Metadata} = heard([beamtap, tap, stop]),
    true = is_integer(Duration),
    #{tap := Tap, path := Path, ended_by := stop, receipt := Receipt} = Metadata,
    %% A bound.
    {ok, Bounded} = beamtap:start("lists:seq/2", #{events => 1}),
    {_, #{tap := Bounded}} = heard([beamtap, tap, start]),
    _ = [lists:seq(1, N) || N <- [1, 2, 3]],
    {#{system_time := _}, #{tap := Bounded, reason := events}} = heard([beamtap, tap, tripped]),
    {_, #{tap := Bounded, ended_by := events}} = heard([beamtap, tap, stop]),
    %% A tap whose process is killed.
    {ok, Killed} = beamtap:start(procs),
    {_, #{tap := Killed}} = heard([beamtap, tap, start]),
    [Session] = beamtap_ledger:sessions(),
    exit(Session, kill),
    {Measured, #{tap := Killed, ended_by := killed}} = heard([beamtap, tap, stop]),
    %% Nobody knows.
    false = is_map_key(recorded, Measured).

only_when_asked(_) ->
    ok = telemetry("Telemetry ! {heard, Event, Measurements, Metadata}, ok"),
    {ok, Tap} = beamtap:start(procs),
    {ok, _} = beamtap:stop(Tap),
    _ = sys:get_state(beamtap_telemetry),
    receive
        {heard, _, _, _} = Heard -> ct:fail(Heard)
    after 0 -> ok
    end.

handlers_that_fail(_) ->
    %% Without telemetry, too.
    ok = application:set_env(beamtap, telemetry, true),
    {ok, Tap} = beamtap:start(procs),
    {ok, #{problems := []}} = beamtap:stop(Tap),
    ok = telemetry("error({Telemetry, Event, Measurements, Metadata})"),
    Process = whereis(beamtap_telemetry),
    {ok, Other} = beamtap:start(procs),
    {ok, #{problems := []}} = beamtap:stop(Other),
    _ = sys:get_state(beamtap_telemetry),
    Process = whereis(beamtap_telemetry).

%% A handler that links a process that crashes ends with it, however often; nothing of beamtap's does.
handlers_that_link(_) ->
    ok = telemetry("Telemetry ! linked, spawn_link(fun() -> exit(crash) end), receive after infinity -> ok end"),
    ok = application:set_env(beamtap, telemetry, true),
    {ok, Tap} = beamtap:start("lists:seq/2"),
    Before = [whereis(beamtap_telemetry), whereis(beamtap_core_sup) | beamtap_ledger:sessions()],
    Times = 100,
    [beamtap_telemetry ! {beamtap_tap, start, #{}, #{}} || _ <- lists:seq(1, Times)],
    [receive linked -> ok after 20000 -> ct:fail({only, N}) end || N <- lists:seq(0, Times)],
    Before = [whereis(beamtap_telemetry), whereis(beamtap_core_sup) | beamtap_ledger:sessions()],
    {ok, #{state := recording}} = beamtap:info(Tap),
    {ok, #{ended_by := stop, events := #{<<"call">> := _}, problems := []}} = beamtap:stop(Tap).

%% Faces that crash too often end alone. They are there again for the next tap, and the next toggle.
faces_give_up(_) ->
    ok = telemetry("Telemetry ! {heard, Event, Measurements, Metadata}, ok"),
    ok = application:set_env(beamtap, telemetry, true),
    {ok, Tap} = beamtap:start("lists:seq/2", #{targets => self()}),
    {_, #{tap := Tap}} = heard([beamtap, tap, start]),
    Before = [whereis(beamtap_sup), whereis(beamtap_core_sup) | beamtap_ledger:sessions()],
    ok = kill_faces(),
    Before = [whereis(beamtap_sup), whereis(beamtap_core_sup) | beamtap_ledger:sessions()],
    {ok, Other} = beamtap:start("lists:reverse/1", #{targets => init}),
    {_, #{tap := Other}} = heard([beamtap, tap, start]),
    {ok, _} = beamtap:stop(Other),
    {_, #{tap := Other}} = heard([beamtap, tap, stop]),
    ok = kill_faces(),
    {ok, none} = beamtap_toggle:off(),
    {ok, #{state := recording}} = beamtap:info(Tap),
    _ = lists:seq(1, 3),
    {ok, #{ended_by := stop, events := #{<<"call">> := _}, problems := []}} = beamtap:stop(Tap),
    {_, #{tap := Tap}} = heard([beamtap, tap, stop]).

%% Until their supervisor gives up.
kill_faces() ->
    kill_faces(monitor(process, beamtap_face_sup)).

kill_faces(Monitor) ->
    [exit(Pid, kill) || Pid <- [whereis(beamtap_telemetry), whereis(beamtap_toggle)], is_pid(Pid)],
    receive
        {'DOWN', Monitor, process, _, _} -> ok
    after 0 ->
        erlang:yield(),
        kill_faces(Monitor)
    end.

log_events_are_marks(_) ->
    ok = logger:add_handler(beamtap, beamtap_logger, #{level => warning}),
    {ok, Tap} = beamtap:start(procs),
    logger:error("no such user: ~p", [17]),
    logger:warning(#{what => "a\nreport", who => self()}),
    logger:info("too low"),
    logger:error("~s", [lists:duplicate(100000, $x)]),
    {ok, #{path := Path, problems := []}} = beamtap:stop(Tap),
    [First, Second, Third] = [Text || {mark, #{text := Text}} <- beamtap_world:events(Path, [mark])],
    "[error] no such user: 17" = First,
    "[warning] " ++ Report = Second,
    nomatch = string:find(Report, "\n"),
    {match, _} = re:run(Report, "report"),
    "[error] xxxx" ++ _ = Third,
    true = length(Third) =< 1025.

%% Whatever the formatter does, the handler stays and the caller goes on.
logging_goes_on(_) ->
    ok = logger:add_handler(beamtap, beamtap_logger, #{level => warning, formatter => {?MODULE, #{}}}),
    {ok, Tap} = beamtap:start(procs),
    [logger:error(How) || How <- ["raise", "exit", "term", "fine"]],
    {ok, #{path := Path}} = beamtap:stop(Tap),
    ["{no,text}", "fine"] = [Text || {mark, #{text := Text}} <- beamtap_world:events(Path, [mark])],
    true = lists:member(beamtap, logger:get_handler_ids()),
    %% Nobody records: the formatter is not asked.
    ok = logger:error("raise"),
    ok = application:stop(beamtap),
    ok = logger:error("fine").

format(#{msg := {string, "raise"}}, _) -> error(asked_for);
format(#{msg := {string, "exit"}}, _) -> exit(asked_for);
format(#{msg := {string, "term"}}, _) -> {no, text};
format(#{msg := {string, Text}}, _) -> Text.

%% A stand-in whose execute/3 does what the text says; Telemetry is this process.
telemetry(Body) ->
    Text = "-module(telemetry). -export([execute/3]). execute(Event, Measurements, Metadata) -> Telemetry = list_to_pid(\"" ++
        pid_to_list(self()) ++ "\"), " ++ Body ++ ".",
    {ok, Tokens, _} = erl_scan:string(Text),
    {ok, telemetry, Code} = compile:forms(forms(Tokens, []), []),
    {module, telemetry} = code:load_binary(telemetry, "telemetry", Code),
    ok.

forms([], []) ->
    [];
forms([{dot, _} = Dot | Rest], Seen) ->
    {ok, Form} = erl_parse:parse_form(lists:reverse([Dot | Seen])),
    [Form | forms(Rest, [])];
forms([Token | Rest], Seen) ->
    forms(Rest, [Token | Seen]).

heard(Event) ->
    receive
        {heard, Event, Measurements, Metadata} -> {Measurements, Metadata}
    after 20000 -> ct:fail({never, Event})
    end.
