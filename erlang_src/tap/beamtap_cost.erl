%% @private
%% What an event costs while a tap runs: the VM's part and ours.
%%
%% The VM's part is measured once per VM, with a tracer that does nothing. Our part includes LTTng's. The library times it at
%% every 64th event of a kind while a tap records.
-module(beamtap_cost).

-export([measure_floor/1, timed/0, per_event/2, share/3]).
%% Used by beamtap_estimate
-export([start_probe/0, ns/2, stop_probe/1, probed/0]).
%% Traced
-export([probe/1]).
-export_type([timed/0]).

%% Events timed since the library was loaded, and the nanoseconds they took.
-type timed() :: {non_neg_integer(), non_neg_integer()}.

%% The state of the library's tracer that does nothing.
-define(FLOOR, (1 bsl 48)).
%% These take some milliseconds in all.
-define(CALLS, 4000).

%% @doc Measures the VM's part, unless it is known or calls are recorded now. The ledger notes it as part of Tap, which is
%% starting.
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
    Probe = start_probe(),
    Untraced = ns(Probe, ?CALLS),
    Grip = beamtap_vm:open({beamtap_nif, ?FLOOR}, false),
    Asked = [{probed(), [{'_', [], []}]}],
    ok = beamtap_ledger:note(Tap, #{vm => Grip, asked => [], classes => [call], inherit => []}),
    ok = beamtap_breakpoints:change(Tap, Grip, [], Asked),
    Selection = #{pids => [Probe], ports => [], new => false, new_ports => false, named => []},
    case beamtap_vm:flags_on(Grip, [call], Selection, fun(_) -> false end) of
        {ok, #{traced := 1}} ->
            Traced = ns(Probe, ?CALLS),
            ok = beamtap_ledger:keep_vm_ns(max(0, Traced - Untraced) / ?CALLS);
        _ ->
            %% Another tool traces every new process.
            ok
    end,
    ok = beamtap_vm:flags_off(Grip),
    ok = beamtap_breakpoints:change(Tap, Grip, Asked, []),
    ok = beamtap_ledger:note(Tap, #{classes => []}),
    ok = beamtap_vm:close(Grip),
    stop_probe(Probe).

-spec timed() -> timed().
timed() ->
    beamtap_nif:timed().

%% @doc Nanoseconds per event between two readings; `unknown' if no event was timed.
-spec per_event(timed(), timed()) -> float() | unknown.
per_event({Events0, Ns0}, {Events, Ns}) when Events > Events0 ->
    case beamtap_ledger:vm_ns() of
        unknown -> unknown;
        Floor -> Floor + (Ns - Ns0) / (Events - Events0)
    end;
per_event(_, _) ->
    unknown.

%% @doc The share of all schedulers' time, from 0 to 1, that so many events took.
-spec share(float() | unknown, Events :: non_neg_integer(), DurationNs :: integer()) -> float() | unknown.
share(Ns, Events, DurationNs) when is_float(Ns), DurationNs > 0 ->
    Ns * Events / (DurationNs * erlang:system_info(schedulers_online));
share(_, _, _) ->
    unknown.

%%% The probe

%% @doc Starts a process that calls a function of ours over and over, to measure what tracing the calls costs.
-spec start_probe() -> pid().
start_probe() ->
    spawn_link(fun work/0).

%% @doc The function that the probe calls.
-spec probed() -> mfa().
probed() ->
    {?MODULE, probe, 1}.

%% @doc Nanoseconds that so many calls take: the fastest of three runs, since other work only makes a run slower.
-spec ns(pid(), Calls :: pos_integer()) -> non_neg_integer().
ns(Probe, Calls) ->
    Probe ! {self(), Calls},
    receive
        {Probe, Ns} -> Ns
    end.

-spec stop_probe(pid()) -> ok.
stop_probe(Probe) ->
    true = unlink(Probe),
    true = exit(Probe, kill),
    receive
        {'EXIT', Probe, _} -> ok
    after 0 -> ok
    end.

work() ->
    receive
        {Asker, Calls} ->
            Asker ! {self(), lists:min([took(Calls) || _ <- lists:seq(1, 3)])},
            work()
    end.

took(Calls) ->
    Begin = erlang:monotonic_time(nanosecond),
    ok = loop(Calls),
    erlang:monotonic_time(nanosecond) - Begin.

loop(0) ->
    ok;
loop(N) ->
    _ = ?MODULE:probe(N),
    loop(N - 1).

-spec probe(integer()) -> integer().
probe(N) -> N.
