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

-export([start_link/0, started/2, tripped/3, ended/1]).
-export([init/1, handle_call/3, handle_cast/2]).

-spec start_link() -> gen_server:start_ret().
start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, none, []).

%% @doc A tap records.
-spec started(beamtap:tap(), binary()) -> ok.
started(Tap, Path) ->
    tell(start, #{system_time => erlang:system_time()}, #{tap => Tap, path => Path}).

%% @doc A tap has reached one of its bounds.
-spec tripped(beamtap:tap(), binary(), beamtap:ended_by()) -> ok.
tripped(Tap, Path, Reason) ->
    tell(tripped, #{system_time => erlang:system_time()}, #{tap => Tap, path => Path, reason => Reason}).

%% @doc A tap has ended.
-spec ended(beamtap:receipt()) -> ok.
ended(#{tap := Tap, path := Path, ended_by := EndedBy, duration_ms := Ms} = Receipt) ->
    Counts = maps:with([traced, emitted, recorded, discarded, lost, suppressed, bytes], Receipt),
    Measured = maps:filter(fun(_, Count) -> is_integer(Count) end, Counts),
    Duration = erlang:convert_time_unit(Ms, millisecond, native),
    tell(stop, Measured#{duration => Duration}, #{tap => Tap, path => Path, ended_by => EndedBy, receipt => Receipt}).

tell(Event, Measurements, Metadata) ->
    case application:get_env(beamtap, telemetry, false) of
        true -> gen_server:cast(?MODULE, {[beamtap, tap, Event], Measurements, Metadata});
        _ -> ok
    end.

%%% The process that handlers run in

-spec init(none) -> {ok, none}.
init(none) ->
    {ok, none}.

-spec handle_call(term(), gen_server:from(), none) -> {reply, ok, none}.
handle_call(_, _From, State) ->
    {reply, ok, State}.

-spec handle_cast({[atom()], map(), map()}, none) -> {noreply, none}.
handle_cast({Event, Measurements, Metadata}, State) ->
    %% Telemetry takes handlers that fail off by itself; only its table may be missing.
    try
        apply(telemetry, execute, [Event, Measurements, Metadata])
    catch
        _:_ -> ok
    end,
    {noreply, State}.
