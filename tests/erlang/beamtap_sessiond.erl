%% What suites share before and after their cases: a lttng-sessiond, since liblttng-ust looks for a new daemon only every 5 s
%% after one has ended, and the proof that a case left the world as it was.
-module(beamtap_sessiond).

-export([start/1, warm/1, stop/1, begin_suite/1, begin_without_daemon/1, end_suite/1, begin_case/1, end_case/1, before/1]).

%% @doc Starts the daemon; the configuration that comes back names it for stop/1.
start(Config) ->
    PidFile = filename:join(proplists:get_value(priv_dir, Config), "sessiond.pid"),
    "" = os:cmd("lttng-sessiond --daemonize --no-kernel --pidfile='" ++ PidFile ++ "' 2>&1"),
    [{pid_file, PidFile} | Config].

%% @doc The same, with the daemon's consumer, which comes with the first recording and stays with it.
warm(Config) ->
    Started = start(Config),
    {ok, Tap} = beamtap:start(procs, #{output => beamtap_world:scratch(?MODULE, Config)}),
    {ok, _} = beamtap:stop(Tap),
    Started.

%% @doc Ends it and waits until it and its consumer are gone.
stop(Config) ->
    {ok, Pid} = file:read_file(proplists:get_value(pid_file, Config)),
    "" = os:cmd("kill " ++ string:trim(binary_to_list(Pid))),
    beamtap_world:until(fun() ->
        %% A daemon on its way out cannot be asked for its LTTng sessions.
        Daemons = beamtap_world:daemons(),
        Daemons =:= [] orelse Daemons
    end).

%% @doc For init_per_suite: the application and a warm daemon, where the witness is there.
begin_suite(Config) ->
    case begin_without_daemon(Config) of
        {skip, _} = Skip -> Skip;
        Begun -> warm(Begun)
    end.

%% @doc For init_per_suite: the application, where the witness is there.
begin_without_daemon(Config) ->
    case os:find_executable("babeltrace2") of
        false ->
            beamtap_skip:missing("babeltrace2");
        _ ->
            {ok, _} = application:ensure_all_started(beamtap),
            Config
    end.

%% @doc For end_per_suite.
end_suite(Config) ->
    ok = application:stop(beamtap),
    stop(Config).

%% @doc For init_per_testcase. The code is loaded, so that the snapshots before and after see the same modules.
begin_case(Config) ->
    {ok, _} = application:ensure_all_started(beamtap),
    ok = beamtap_native:load(),
    [{before, beamtap_world:snapshot()} | Config].

%% @doc For end_per_testcase: nothing stays that was not there before.
end_case(Config) ->
    {ok, _} = beamtap:clear(),
    beamtap_world:settled(before(Config)).

%% @doc What was there before the case.
before(Config) -> proplists:get_value(before, Config).
