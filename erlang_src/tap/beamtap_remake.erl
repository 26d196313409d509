%% @private
%% A recording that was interrupted, because a daemon of LTTng's died, somebody ended its session, or its disk filled up,
%% is made anew from its plan, as a further part of the trace. Taken in steps, between which its session hears its user.
-module(beamtap_remake).

-export([interrupt/2, step/2, give_up/2, describe/1, refuse/1]).
-export_type([remake/0]).

%% `why' is what interrupted it, `obstacle' why it could not be taken up when that was last tried.
-type remake() :: #{
    step := step(),
    why := beamtap_nif:failure(),
    obstacle => beamtap_error:error(),
    until => beamtap_deadline:deadline()
}.
%% In this order: the daemon that can record no more ends, then the sessions; others are made, switch their events on, and
%% are proved to record.
-type step() :: end_daemon | end_sessions | open | await | prove.
-type recording() :: beamtap_recording:recording().

%% No step keeps a user's call waiting longer.
-define(STEP_MS, 4000).
-define(END_MS, 1500).
%% Until the next attempt.
-define(PAUSE_MS, 1000).
%% LTTng tells nobody when it has switched the events on; liblttng-ust may look for a new session daemon 5 s late, twice.
-define(LOOK_MS, 50).
-define(AWAIT_MS, 15000).
%% A recording that is proved is soon seen to.
-define(PROVE_MS, 3000).

%% @doc From now on it counts as interrupted.
-spec interrupt(recording(), beamtap_nif:failure()) -> recording().
interrupt(#{daemon := Daemon} = Recording, {error, {Kind, _, _}} = Why) ->
    First =
        case {Kind, Daemon} of
            %% It starts no other consumer daemon. Somebody else's is not ours to end.
            {no_consumer, own} -> end_daemon;
            _ -> end_sessions
        end,
    Recording#{remake => #{step => First, why => Why}}.

%% @doc The next step towards recording again; it may be tried again after so many milliseconds.
-spec step(recording(), beamtap_nif:slot()) -> {recording, recording()} | {again, non_neg_integer(), recording()}.
step(#{remake := #{step := end_daemon}, sessions := Sessions} = Recording, _) ->
    _ = beamtap_lttng:end_daemon(Sessions, beamtap_deadline:within(?STEP_MS)),
    next(end_sessions, Recording);
step(#{remake := #{step := end_sessions}} = Recording, _) ->
    next(open, end_sessions(Recording, beamtap_deadline:within(?END_MS)));
step(#{remake := #{step := open}} = Recording, _) ->
    case open(Recording, beamtap_deadline:within(?STEP_MS)) of
        {ok, Opened} -> next(await, until(Opened));
        {error, _} = Error -> failed(Error, Recording)
    end;
step(#{remake := #{step := await} = Remake, wanted := Wanted} = Recording, _) ->
    case beamtap_nif:await_enabled(names(Wanted), 0) of
        ok -> next(prove, Recording);
        timeout -> later(timeout, ?LOOK_MS, Remake, Recording)
    end;
step(#{remake := #{step := prove} = Remake, sessions := Sessions, wanted := Wanted} = Recording, Slot) ->
    case beamtap_recording:prove(Sessions, names(Wanted), beamtap_deadline:within(?PROVE_MS)) of
        {ok, Verified} -> take_up(Recording#{sessions := Verified}, Slot);
        %% This VM may still have known the events as those of the session before.
        {error, #{reason := not_recording}} = Error -> later(Error, 0, Remake#{step := await}, Recording);
        Failed -> failed(beamtap_recording:start_error(Failed), Recording)
    end.

names(Wanted) -> [Event || {Event, _, _} <- Wanted].

next(Step, #{remake := Remake} = Recording) ->
    {again, 0, Recording#{remake := Remake#{step := Step}}}.

until(#{remake := Remake} = Recording) ->
    Recording#{remake := Remake#{until => beamtap_deadline:within(?AWAIT_MS)}}.

later(Failed, Ms, #{until := Until} = Remake, Recording) ->
    case beamtap_deadline:remaining(Until) of
        0 -> failed(beamtap_recording:start_error(Failed), Recording);
        _ -> {again, Ms, Recording#{remake := Remake}}
    end.

%% What was made is of no use; the next attempt makes it again.
failed(Error, #{sessions := Sessions, remake := Remake} = Recording) ->
    _ = beamtap_lttng:destroy(Sessions, beamtap_deadline:within(0)),
    {again, ?PAUSE_MS, Recording#{sessions := [], remake := Remake#{step := open, obstacle => Error}}}.

%% The interrupted sessions end, and are remembered as they were.
end_sessions(#{sessions := Sessions, earlier := Earlier, remake := #{why := Why}} = Recording, Deadline) ->
    _ = beamtap_lttng:destroy(beamtap_lttng:interrupted(Sessions), Deadline),
    {error, {_, Reason, _}} = Why,
    Ended = [
        Part#{discarded => unknown, lost => unknown, interrupted => Reason}
     || Part <- beamtap_lttng:describe(Sessions)
    ],
    Recording#{sessions := [], earlier := Earlier ++ Ended}.

%% The part has a directory and sessions of its own: what was written before is not touched.
open(#{plan := Plan, wanted := Wanted, filters := Filters, part := Part} = Recording, Deadline) ->
    #{name := Name, path := Path, opts := Opts} = Plan,
    Number = integer_to_binary(Part + 1),
    Place = #{
        name => <<Name/binary, "-", Number/binary>>,
        path => filename:join(Path, <<"part-", Number/binary>>),
        wanted => Wanted,
        may_start => may_start(Recording)
    },
    case beamtap_lttng:open(Place, Opts, Deadline) of
        {ok, Sessions} ->
            Filtered = [{Known, Filter} || {Event, _, _} = Known <- Wanted, {ok, Filter} <- [maps:find(Event, Filters)]],
            case filter(Sessions, Filtered, Deadline) of
                ok -> start(Recording#{sessions := Sessions, part := Part + 1}, Deadline);
                {error, _} = Error -> dropped(Sessions, Error)
            end;
        {error, _} = Error ->
            Error
    end.

filter(_, [], _) ->
    ok;
filter(Sessions, [{_, <<>>} | Rest], Deadline) ->
    filter(Sessions, Rest, Deadline);
filter(Sessions, [{Wanted, Filter} | Rest], Deadline) ->
    case beamtap_lttng:enable(Sessions, Wanted, Filter, Deadline) of
        ok -> filter(Sessions, Rest, Deadline);
        {error, _} = Error -> Error
    end.

start(#{sessions := Sessions} = Recording, Deadline) ->
    case beamtap_lttng:start(Sessions, Deadline) of
        ok -> {ok, Recording};
        {error, _} = Failure -> dropped(Sessions, beamtap_error:from_native(Failure))
    end.

dropped(Sessions, Error) ->
    _ = beamtap_lttng:destroy(Sessions, beamtap_deadline:within(0)),
    Error.

%% Somebody else's daemon is theirs to start again; one that another VM had started went with it.
may_start(#{daemon := foreign, remake := #{why := {error, {no_sessiond, _, _}}}}) -> false;
may_start(_) -> true.

%% The gap is the first thing in the new part; what is emitted after it is counted anew.
take_up(#{seen := #{at := At, emitted := Before}, plan := #{name := Session}, remake := #{why := Why}} = Recording, Slot) ->
    {error, {_, Reason, _}} = Why,
    Known = beamtap_definitions:collect(),
    Emit = fun(_) ->
        #{emitted := Emitted} = beamtap_recording:seen(Recording),
        LengthNs = erlang:convert_time_unit(erlang:monotonic_time() - At, native, nanosecond),
        SinceBegin = Emitted - beamtap_recording:emitted_before(Recording),
        beamtap_nif:emit_gap(Session, LengthNs, Emitted - Before, SinceBegin, Reason)
    end,
    Gap = gap(Recording, true),
    case beamtap_recording:begin_sessions(Emit, Known, Slot, Recording) of
        {ok, #{gaps := Gaps} = Begun} -> {recording, maps:remove(remake, Begun#{gaps := Gaps ++ [Gap]})};
        {error, _} = Error -> failed(Error, Recording)
    end.

gap(#{seen := #{at := At, emitted := Before}, remake := #{why := {error, {_, Reason, _}}}} = Recording, Resumed) ->
    #{at := Now, emitted := Emitted} = beamtap_recording:seen(Recording),
    System = fun(Time) -> erlang:convert_time_unit(Time + erlang:time_offset(), native, microsecond) end,
    #{began_us => System(At), ended_us => System(Now), emitted => Emitted - Before, reason => Reason, resumed => Resumed}.

%% @doc The tap ends before it records again.
-spec give_up(recording(), beamtap_deadline:deadline()) -> recording().
give_up(#{gaps := Gaps, remake := #{step := Step}} = Recording, Deadline) ->
    Left =
        case Step of
            end_daemon -> end_sessions(Recording, Deadline);
            end_sessions -> end_sessions(Recording, Deadline);
            _ -> Recording
        end,
    Left#{'after' => beamtap_nif:counters(), gaps := Gaps ++ [gap(Recording, false)]}.

%% @doc Why it does not record, and what to do about it.
-spec describe(recording()) -> #{reason := binary(), remedy := binary()}.
describe(#{remake := #{why := {error, {_, Reason, _}}} = Remake} = Recording) ->
    #{reason => reason(Reason, Remake), remedy => remedy(Recording)}.

reason(Reason, #{obstacle := {error, #{reason := output_full}}, why := {error, {output_full, _, _}}}) ->
    Reason;
reason(Reason, #{obstacle := {error, #{message := Message}}}) when Message =/= Reason ->
    <<Reason/binary, "; not taken up yet: ", Message/binary>>;
reason(Reason, _) ->
    Reason.

%% What the user alone can do comes first: attempts fail in many ways until it is done.
remedy(#{daemon := Daemon, remake := #{why := {error, {Kind, _, Remedy}}}}) when
    Daemon =/= own, Kind =:= no_consumer; Daemon =:= foreign, Kind =:= no_sessiond; Kind =:= output_full
->
    Remedy;
remedy(#{remake := #{obstacle := {error, #{remedy := Remedy}}}}) ->
    Remedy;
remedy(_) ->
    <<"nothing: it is taken up by itself">>.

%% @doc The answer to what cannot be done meanwhile.
-spec refuse(recording()) -> beamtap_error:error().
refuse(Recording) ->
    #{reason := Reason, remedy := Remedy} = describe(Recording),
    beamtap_error:new(degraded, ["the tap does not record just now: ", Reason], Remedy).
