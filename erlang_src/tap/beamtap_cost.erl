%% @private
%% What events cost while a tap runs.
%%
%% Two parts. The VM's own, for a traced call, is measured once, with a tracer that does nothing. Ours and LTTng's is
%% timed by the library at every 64th event of a kind, while the tap records.
-module(beamtap_cost).

-export([measure_floor/1, timed/0, per_event/2, share/3]).
-export_type([timed/0]).

%% Events timed since the library was loaded, and the nanoseconds they took.
-type timed() :: {non_neg_integer(), non_neg_integer()}.

%% The state of the library's tracer that does nothing.
-define(FLOOR, (1 bsl 48)).
%% Some milliseconds in all.
-define(CALLS, 4000).

%% @doc Measures the VM's own part, unless that was done or calls are recorded now. Tap is the one that is being started,
%% for the ledger.
-spec measure_floor(beamtap:tap()) -> ok.
measure_floor(Tap) ->
    case beamtap_ledger:vm_ns() of
        unknown ->
            IsAlone = beamtap_ledger:sessions() -- [self()] =:= [],
            case IsAlone andalso beamtap_nif:await_enabled([<<"call">>], 0) of
                timeout -> floor_of(Tap);
                _ -> ok
            end;
        _ ->
            ok
    end.

floor_of(Tap) ->
    Probe = beamtap_probe:start(),
    Untraced = beamtap_probe:ns(Probe, ?CALLS),
    Grip = beamtap_vm:open({beamtap_nif, ?FLOOR}, false),
    Asked = [{beamtap_probe:mfa(), [{'_', [], []}]}],
    ok = beamtap_ledger:note(Tap, #{vm => Grip, asked => [], classes => [call], inherit => []}),
    ok = beamtap_breakpoints:change(Tap, Grip, [], Asked),
    Selection = #{pids => [Probe], ports => [], new => false, new_ports => false, named => []},
    case beamtap_vm:flags_on(Grip, [call], Selection, fun(_) -> false end) of
        {ok, #{traced := 1}} ->
            Traced = beamtap_probe:ns(Probe, ?CALLS),
            ok = beamtap_ledger:keep_vm_ns(max(0, Traced - Untraced) / ?CALLS);
        _ ->
            %% Somebody else traces whatever is spawned.
            ok
    end,
    ok = beamtap_vm:flags_off(Grip),
    ok = beamtap_breakpoints:change(Tap, Grip, Asked, []),
    ok = beamtap_ledger:note(Tap, #{classes => []}),
    ok = beamtap_vm:close(Grip),
    beamtap_probe:stop(Probe).

-spec timed() -> timed().
timed() ->
    beamtap_nif:timed().

%% @doc Nanoseconds per event between two looks; `unknown' where too few events came for any to be timed.
-spec per_event(timed(), timed()) -> float() | unknown.
per_event({Events0, Ns0}, {Events, Ns}) when Events > Events0 ->
    case beamtap_ledger:vm_ns() of
        unknown -> unknown;
        Floor -> Floor + (Ns - Ns0) / (Events - Events0)
    end;
per_event(_, _) ->
    unknown.

%% @doc The part of the time of all schedulers together, from 0 to 1, that so many events took.
-spec share(float() | unknown, Events :: non_neg_integer(), DurationNs :: integer()) -> float() | unknown.
share(Ns, Events, DurationNs) when is_float(Ns), DurationNs > 0 ->
    Ns * Events / (DurationNs * erlang:system_info(schedulers_online));
share(_, _, _) ->
    unknown.
