%% @private
%% Estimates what a tap would cost: counts its events for a while without recording them, and measures with a function of
%% beamtap's own what one event costs on this machine.
-module(beamtap_estimate).

-export([run/2]).
-export_type([estimate/0]).

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

%% How long events are counted for an estimate.
-define(ESTIMATE_MS, 1000).
-define(PROBES, 20000).

%% @doc Counts what the spec would trace, measures what an event costs, and foretells.
-spec run(beamtap_spec:spec(), beamtap_spec:opts()) -> {ok, estimate()} | beamtap_error:error().
run(Spec, Opts) ->
    case beamtap_spec:divide(Spec, Opts) of
        {ok, Named, Bounds} -> bounded(Named, Bounds);
        {error, _} = Error -> Error
    end.

bounded(Spec, Opts) ->
    case beamtap_options:check(Opts, self()) of
        {ok, #{for := For} = Checked} ->
            Given = is_map(Opts) andalso is_map_key(for, Opts) orelse is_list(Opts) andalso proplists:is_defined(for, Opts),
            Ms = case Given andalso is_integer(For) of true -> For; false -> ?ESTIMATE_MS end,
            Quiet = (maps:with([subbuf_size, num_subbuf], Checked))#{for => infinity, events => infinity},
            run(Spec, Ms, Quiet);
        {error, _} = Error ->
            Error
    end.

run(Spec, Ms, Quiet) ->
    case counted(Spec, Ms, Quiet) of
        {ok, Known, Counted} ->
            case measure(Quiet) of
                {ok, Cost} -> {ok, maps:merge(Known, foretell(Counted, Ms, Cost))};
                {error, _} = Error -> Error
            end;
        {error, _} = Error ->
            Error
    end.

counted(Spec, Ms, Opts) ->
    case beamtap_plan:carry_out(Spec, Opts, #{counting => true}) of
        {ok, Tap} ->
            {ok, Info} = beamtap_taps:info(Tap),
            receive
            after Ms -> ok
            end,
            case discarded(Tap) of
                {ok, #{incomplete := Incomplete}} ->
                    Counted = maps:from_list([{Event, Count} || {Event, #{suppressed := Count}} <- maps:to_list(Incomplete)]),
                    {ok, maps:with([processes, functions], Info), with_returns(Counted, Spec)};
                {error, _} = Error ->
                    Error
            end;
        {error, _} = Error ->
            Error
    end.

with_returns(#{<<"call">> := Calls} = Counted, Spec) ->
    {ok, #{functions := Functions}} = beamtap_spec:check(Spec),
    case [Pattern || #{actions := [_ | _]} = Pattern <- Functions] of
        [] -> Counted;
        _ -> Counted#{<<"return_from">> => Calls}
    end;
with_returns(Counted, _) ->
    Counted.

%% Ends a tap whose trace nobody wants.
discarded(Tap) ->
    case beamtap_taps:stop(Tap) of
        {ok, #{path := Path} = Receipt} ->
            _ = file:del_dir_r(Path),
            ok = beamtap_ledger:forget(Tap),
            {ok, Receipt};
        {error, _} = Error ->
            Error
    end.

%% From what was counted in so many milliseconds.
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

%% What one event costs.
measure(Opts) ->
    Probe = beamtap_cost:start_probe(),
    Untraced = beamtap_cost:ns(Probe, ?PROBES),
    Answer =
        case beamtap_taps:start(#{functions => beamtap_cost:probed(), targets => Probe}, Opts) of
            {ok, Tap} ->
                Traced = beamtap_cost:ns(Probe, ?PROBES),
                case discarded(Tap) of
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
    ok = beamtap_cost:stop_probe(Probe),
    Answer.
