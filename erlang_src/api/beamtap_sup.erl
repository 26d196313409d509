%% @private
%% The ledger of what was set in the VM is made here, so that it outlives both the session that wrote it and the
%% janitor that reads it; the next supervisor takes it up where this one is killed. The janitor comes before the sessions and goes after them: it cleans up what they leave.
-module(beamtap_sup).
-behaviour(supervisor).

-export([start_link/0, start_session/1, settle/0]).
-export([init/1]).

%% So many restarts in so many seconds: a node that runs beamtap as a permanent application ends with this supervisor.
-define(RESTARTS, 20).
-define(RESTARTS_S, 10).

-spec start_link() -> {ok, pid()} | {error, term()}.
start_link() ->
    case supervisor:start_link({local, ?MODULE}, ?MODULE, top) of
        {ok, Pid} -> {ok, Pid};
        {error, Reason} -> {error, Reason};
        ignore -> {error, ignore}
    end.

%% @doc Starts the process that carries out a tap's plan.
-spec start_session(beamtap_session:plan()) -> {ok, pid()} | {error, term()}.
start_session(Plan) ->
    try supervisor:start_child(beamtap_session_sup, [Plan]) of
        {ok, Pid} when is_pid(Pid) -> {ok, Pid};
        {error, Reason} -> {error, Reason}
    catch
        exit:{Reason, _} -> {error, Reason}
    end.

%% @doc Returns when the processes that had to be started again are there; `stopped' when there is no supervisor.
-spec settle() -> ok | stopped.
settle() ->
    try supervisor:count_children(?MODULE) of
        _ -> ok
    catch
        exit:_ -> stopped
    end.

-spec init(top | sessions) -> {ok, {supervisor:sup_flags(), [supervisor:child_spec()]}}.
init(top) ->
    ok = beamtap_ledger:create(),
    Sessions = #{
        id => beamtap_session_sup,
        start => {supervisor, start_link, [{local, beamtap_session_sup}, ?MODULE, sessions]},
        type => supervisor
    },
    Janitor = #{id => beamtap_janitor, start => {beamtap_janitor, start_link, []}, shutdown => 15000},
    Loads = #{id => beamtap_loads, start => {beamtap_loads, start_link, []}},
    Definitions = #{id => beamtap_definitions, start => {beamtap_definitions, start_link, []}},
    Telemetry = #{id => beamtap_telemetry, start => {beamtap_telemetry, start_link, []}},
    Toggle = #{id => beamtap_toggle, start => {beamtap_toggle, start_link, []}},
    {ok, {#{strategy => rest_for_one, intensity => ?RESTARTS, period => ?RESTARTS_S}, [Telemetry, Janitor, Loads, Sessions, Definitions, Toggle]}};
init(sessions) ->
    %% Closing a recording takes LTTng up to some seconds; what is not closed by then the janitor closes.
    Session = #{
        id => session,
        start => {beamtap_session, start_link, []},
        restart => temporary,
        shutdown => 15000
    },
    {ok, {#{strategy => simple_one_for_one}, [Session]}}.
