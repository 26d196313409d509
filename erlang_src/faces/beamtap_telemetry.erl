%% @doc Tells the application's telemetry what taps do. Nothing happens unless asked for, with `{beamtap, [{telemetry, true}]}'
%% in the configuration (`config :beamtap, telemetry: true'), and unless the application has `telemetry'.
%%
%% <ul>
%% <li>`[beamtap, tap, start]': it records. Measured: `system_time'; with it: `tap', `path'.</li>
%% <li>`[beamtap, tap, tripped]': it reached a bound, and ends. Measured: `system_time'; with it: `tap', `path', `reason':
%% `events', `rate', `deadline' or `panics'.</li>
%% <li>`[beamtap, tap, stop]': it has ended, for whatever reason. Measured: `duration', `traced', `emitted', `suppressed', `bytes', and
%% where they are known `recorded', `discarded', `lost'; with it: `tap', `path', `ended_by', `receipt'.</li>
%% </ul>
%% `system_time' and `duration' are in native units, as telemetry has them; `bytes' are the trace's files; the others are
%% numbers of events. Handlers run in a process of beamtap's own, one after the other: one that is slow or fails harms
%% no tap.
-module(beamtap_telemetry).
-behaviour(gen_server).

-export([start_link/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-spec start_link() -> gen_server:start_ret().
start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, none, []).

%%% The process that handlers run in

-spec init(none) -> {ok, none}.
init(none) ->
    {ok, none}.

-spec handle_call(term(), gen_server:from(), none) -> {reply, ok, none}.
handle_call(_, _From, State) ->
    {reply, ok, State}.

-spec handle_cast(term(), none) -> {noreply, none}.
handle_cast(_, State) ->
    {noreply, State}.

%% See beamtap_announcement.
-spec handle_info(term(), none) -> {noreply, none}.
handle_info({beamtap_tap, Event, Measurements, Metadata}, State) ->
    %% Telemetry detaches handlers that fail; only its table may be missing.
    try
        application:get_env(beamtap, telemetry, false) =:= true andalso
            apply(telemetry, execute, [[beamtap, tap, Event], Measurements, Metadata])
    catch
        _:_ -> ok
    end,
    {noreply, State};
handle_info(_, State) ->
    {noreply, State}.
