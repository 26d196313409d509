%% @private
%% The ledger of what was set in the VM is made here, so that it outlives both the session that wrote it and the
%% janitor that reads it. The janitor comes before the sessions and goes after them: it cleans up what they leave.
-module(beamtap_sup).
-behaviour(supervisor).

-export([start_link/0, start_session/1]).
-export([init/1]).

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
    case supervisor:start_child(beamtap_session_sup, [Plan]) of
        {ok, Pid} when is_pid(Pid) -> {ok, Pid};
        {error, Reason} -> {error, Reason}
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
    {ok, {#{strategy => rest_for_one}, [Telemetry, Janitor, Loads, Sessions, Definitions, Toggle]}};
init(sessions) ->
    %% Closing a recording takes LTTng up to some seconds; what is not closed by then the janitor closes.
    Session = #{
        id => session,
        start => {beamtap_session, start_link, []},
        restart => temporary,
        shutdown => 15000
    },
    {ok, {#{strategy => simple_one_for_one}, [Session]}}.
