%% @doc Tells the application's telemetry what taps do. It is off unless the configuration has
%% `{beamtap, [{telemetry, true}]}' (`config :beamtap, telemetry: true'), and the application has `telemetry'.
%%
%% <ul>
%% <li>`[beamtap, tap, start]': a tap records. Measurements: `system_time'. Metadata: `tap', `path'.</li>
%% <li>`[beamtap, tap, tripped]': a tap reached a limit and ends. Measurements: `system_time'. Metadata: `tap', `path',
%% `reason' (`events', `rate', `deadline' or `panics').</li>
%% <li>`[beamtap, tap, stop]': a tap has ended, for whatever reason. Measurements: `duration', `traced', `emitted',
%% `suppressed', `bytes', and where they are known `recorded', `discarded', `lost'. Metadata: `tap', `path', `ended_by',
%% `receipt'.</li>
%% </ul>
%% `system_time' and `duration' are in native units, as telemetry has them. `bytes' is the size of the trace's files. The
%% other measurements are numbers of events.
%%
%% Events run one after the other, each in a process of its own. A handler that fails, or links a process that crashes,
%% ends with that process; no tap and no later event is affected. While a handler hangs, up to 1000 events wait for it and
%% further ones are dropped.
-module(beamtap_telemetry).
-behaviour(gen_server).

-export([start_link/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-define(MOST_WAITING, 1000).

%% The process that runs handlers now, and what waits for it.
-type state() :: #{runs := none | pid(), waiting := queue:queue(event()), dropped := non_neg_integer()}.
-type event() :: {start | tripped | stop, Measurements :: map(), Metadata :: map()}.

-spec start_link() -> gen_server:start_ret().
start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, none, []).

-spec init(none) -> {ok, state()}.
init(none) ->
    process_flag(trap_exit, true),
    {ok, #{runs => none, waiting => queue:new(), dropped => 0}}.

-spec handle_call(term(), gen_server:from(), state()) -> {reply, ok, state()}.
handle_call(_, _From, State) ->
    {reply, ok, State}.

-spec handle_cast(term(), state()) -> {noreply, state()}.
handle_cast(_, State) ->
    {noreply, State}.

%% From beamtap_announcement: a tap's process never waits for a handler.
-spec handle_info(term(), state()) -> {noreply, state()}.
handle_info({beamtap_tap, Event, Measurements, Metadata}, State) ->
    case application:get_env(beamtap, telemetry, false) of
        true -> {noreply, next(queued({Event, Measurements, worded(Metadata)}, State))};
        _ -> {noreply, State}
    end;
handle_info({'EXIT', Runs, _}, #{runs := Runs} = State) ->
    {noreply, next(State#{runs := none})};
handle_info(_, State) ->
    {noreply, State}.

worded(#{receipt := Receipt} = Metadata) -> Metadata#{receipt := beamtap_wording:info(Receipt, erlang)};
worded(Metadata) -> Metadata.

queued(Event, #{waiting := Waiting, dropped := Dropped} = State) ->
    case queue:len(Waiting) < ?MOST_WAITING of
        true ->
            State#{waiting := queue:in(Event, Waiting)};
        false ->
            Dropped =:= 0 andalso logger:warning("beamtap: a telemetry handler hangs; events of taps are dropped", #{domain => [beamtap]}),
            State#{dropped := Dropped + 1}
    end.

next(#{runs := none, waiting := Waiting} = State) ->
    case queue:out(Waiting) of
        {{value, Event}, Rest} -> State#{runs := spawn_link(fun() -> execute(Event) end), waiting := Rest};
        {empty, _} -> State#{dropped := 0}
    end;
next(State) ->
    State.

execute({Event, Measurements, Metadata}) ->
    %% No tap shows it.
    process_flag(sensitive, true),
    %% Telemetry detaches handlers that fail; only its table may be missing.
    try apply(telemetry, execute, [[beamtap, tap, Event], Measurements, Metadata])
    catch
        _:_ -> ok
    end.
