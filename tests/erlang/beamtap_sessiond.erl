%% A lttng-sessiond that a suite shares: liblttng-ust looks for a new daemon only every 5 s after one has ended.
-module(beamtap_sessiond).

-export([start/1, warm/1, stop/1]).

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
        #{daemons := Daemons} = beamtap_world:snapshot(),
        Daemons =:= [] orelse Daemons
    end).
