%% @private
%% Announces what taps do to the process that is registered as `beamtap_telemetry', if there is one. Nobody waits for it.
%%
%% The message is `{beamtap_tap, start | tripped | stop, Measurements, Metadata}'.
-module(beamtap_announcement).

-export([started/2, tripped/3, ended/1]).

-define(LISTENER, beamtap_telemetry).

%% @doc A tap records.
-spec started(beamtap:tap(), binary()) -> ok.
started(Tap, Path) ->
    announce(start, #{system_time => erlang:system_time()}, #{tap => Tap, path => Path}).

%% @doc A tap has reached one of its limits.
-spec tripped(beamtap:tap(), binary(), beamtap:ended_by()) -> ok.
tripped(Tap, Path, Reason) ->
    announce(tripped, #{system_time => erlang:system_time()}, #{tap => Tap, path => Path, reason => Reason}).

%% @doc A tap has ended.
-spec ended(beamtap_receipt:receipt()) -> ok.
ended(#{tap := Tap, path := Path, ended_by := EndedBy, duration_ms := Ms} = Receipt) ->
    Counts = maps:with([traced, emitted, recorded, discarded, lost, suppressed, bytes], Receipt),
    Known = maps:filter(fun(_, Count) -> is_integer(Count) end, Counts),
    Duration = erlang:convert_time_unit(Ms, millisecond, native),
    announce(stop, Known#{duration => Duration}, #{tap => Tap, path => Path, ended_by => EndedBy, receipt => Receipt}).

announce(Event, Measurements, Metadata) ->
    case whereis(?LISTENER) of
        Listener when is_pid(Listener) ->
            Listener ! {beamtap_tap, Event, Measurements, Metadata},
            ok;
        _ ->
            ok
    end.
