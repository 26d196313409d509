%% @private
%% beamtap's processes in the VM:
%%
%% ```
%% beamtap_sup              one_for_one; makes the ledger, a table that outlives everything below
%% ├─ beamtap_face_sup      one_for_one, temporary: users' code runs below, and its crashes never count against the core
%% │  ├─ beamtap_telemetry  runs telemetry handlers, each event in a process of its own
%% │  └─ beamtap_toggle     owns the tap of what is switched on
%% └─ beamtap_core_sup      rest_for_one
%%    ├─ beamtap_janitor    cleans up after sessions that were killed
%%    ├─ beamtap_loads      tells sessions of modules that are loaded
%%    ├─ beamtap_session_sup
%%    │  └─ session         one for each tap; temporary
%%    └─ beamtap_definitions  emits names of functions, processes and nodes
%% '''
%% The janitor starts before the sessions and stops after them. The face supervisor gives up after too many crashes;
%% starting a tap or switching something on starts it again.
-module(beamtap_sup).
-behaviour(supervisor).

-export([start_link/0, faces/0, start_session/1, settle/0]).
-export([init/1]).

%% So many restarts in so many seconds. A node that runs beamtap as a permanent application ends with this supervisor.
-define(RESTARTS, 20).
-define(RESTARTS_S, 10).
%% Closing a recording takes LTTng up to some seconds; what is not closed by then the janitor closes.
-define(SHUTDOWN_MS, 15000).

-define(SUPERVISORS, #{top => ?MODULE, core => beamtap_core_sup, faces => beamtap_face_sup, sessions => beamtap_session_sup}).

-spec start_link() -> {ok, pid()} | {error, term()}.
start_link() ->
    case supervisor:start_link({local, ?MODULE}, ?MODULE, top) of
        {ok, Pid} -> {ok, Pid};
        {error, Reason} -> {error, Reason};
        ignore -> {error, ignore}
    end.

%% @doc Starts the face supervisor where it has given up.
-spec faces() -> ok.
faces() ->
    try supervisor:start_child(?MODULE, supervisor(faces, temporary)) of
        _ -> ok
    catch
        %% beamtap does not run.
        exit:_ -> ok
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

%% @doc Returns when core processes that had to be restarted are up; `stopped' when there is no supervisor.
-spec settle() -> ok | stopped.
settle() ->
    try lists:foreach(fun supervisor:count_children/1, [?MODULE, beamtap_core_sup])
    catch
        exit:_ -> stopped
    end.

-spec init(top | core | faces | sessions) -> {ok, {supervisor:sup_flags(), [supervisor:child_spec()]}}.
init(top) ->
    ok = beamtap_ledger:create(),
    {ok, {flags(one_for_one), [supervisor(faces, temporary), supervisor(core, permanent)]}};
init(core) ->
    Janitor = (worker(beamtap_janitor))#{shutdown => ?SHUTDOWN_MS},
    Children = [Janitor, worker(beamtap_loads), supervisor(sessions, permanent), worker(beamtap_definitions)],
    %% Where the core supervisor was killed, its children are still on their way out.
    lists:foreach(fun(#{id := Name}) -> await_end(Name) end, Children),
    {ok, {flags(rest_for_one), Children}};
init(faces) ->
    {ok, {flags(one_for_one), [worker(beamtap_telemetry), worker(beamtap_toggle)]}};
init(sessions) ->
    Session = (worker(beamtap_session))#{restart => temporary, shutdown => ?SHUTDOWN_MS},
    {ok, {#{strategy => simple_one_for_one}, [Session]}}.

flags(Strategy) -> #{strategy => Strategy, intensity => ?RESTARTS, period => ?RESTARTS_S}.

worker(Module) -> #{id => Module, start => {Module, start_link, []}}.

supervisor(Which, Restart) ->
    #{Which := Name} = ?SUPERVISORS,
    #{id => Name, start => {supervisor, start_link, [{local, Name}, ?MODULE, Which]}, restart => Restart, type => supervisor}.

await_end(Name) ->
    case whereis(Name) of
        undefined ->
            ok;
        Pid ->
            Monitor = monitor(process, Pid),
            receive
                {'DOWN', Monitor, process, _, _} -> ok
            after 2 * ?SHUTDOWN_MS ->
                exit(Pid, kill),
                receive {'DOWN', Monitor, process, _, _} -> ok end
            end
    end.
