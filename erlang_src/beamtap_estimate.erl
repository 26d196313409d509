%% @private
%% What a tap would cost, found out without recording: its events are counted for a while, and what one event costs on
%% this machine is measured with a function of our own.
-module(beamtap_estimate).

-export([foretell/3, measure/1]).
-export_type([estimate/0, cost/0]).

%% `events_per_second' by event and in all; `ns_per_event' of the traced process's time; `scheduler_share' of the time
%% of all schedulers together, from 0 to 1 and beyond; `bytes_per_second' into the trace.
-type estimate() :: #{
    events := #{binary() => non_neg_integer()},
    events_per_second := non_neg_integer(),
    ns_per_event := number(),
    scheduler_share := float(),
    bytes_per_second := non_neg_integer(),
    processes := beamtap_vm:processes(),
    functions := non_neg_integer()
}.
-type cost() :: #{ns_per_event := number(), bytes_per_event := number()}.

-define(PROBES, 20000).

%% @doc The estimate from what was counted in so many milliseconds.
-spec foretell(#{binary() => non_neg_integer()}, pos_integer(), cost()) -> map().
foretell(Counted, Ms, #{ns_per_event := Ns, bytes_per_event := Bytes}) ->
    Events = maps:map(fun(_, Count) -> Count * 1000 div Ms end, Counted),
    PerSecond = lists:sum(maps:values(Events)),
    #{
        events => Events,
        events_per_second => PerSecond,
        ns_per_event => Ns,
        scheduler_share => PerSecond * Ns / (1.0e9 * erlang:system_info(schedulers_online)),
        bytes_per_second => round(PerSecond * Bytes)
    }.

%% @doc What one event costs. Start starts a tap for the function and process it is given, and Stop ends it.
-spec measure({
    fun((mfa(), pid()) -> {ok, beamtap:tap()} | beamtap_error:error()),
    fun((beamtap:tap()) -> {ok, beamtap:receipt()} | beamtap_error:error())
}) -> {ok, cost()} | beamtap_error:error().
measure({Start, Stop}) ->
    Probe = beamtap_probe:start(),
    Untraced = beamtap_probe:ns(Probe, ?PROBES),
    Answer =
        case Start(beamtap_probe:mfa(), Probe) of
            {ok, Tap} ->
                Traced = beamtap_probe:ns(Probe, ?PROBES),
                case Stop(Tap) of
                    {ok, #{emitted := Emitted, bytes := Bytes}} ->
                        {ok, #{
                            ns_per_event => max(0, Traced - Untraced) / ?PROBES,
                            bytes_per_event => Bytes / max(1, Emitted)
                        }};
                    {error, _} = Error ->
                        Error
                end;
            {error, _} = Error ->
                Error
        end,
    ok = beamtap_probe:stop(Probe),
    Answer.
