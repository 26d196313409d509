%% @private
%% What to do when LTTng stops recording under a running tap: how the tap is taken up again, as a further part of its trace.
%%
%% beamtap_session takes the steps one after another and hears its callers in between. A step that fails is retried.
-module(beamtap_interruption).

-export([new/2, step/4, give_up/3, describe/2, refuse/2]).
-export_type([interruption/0, step/0]).

%% `end_daemon': end a session daemon that cannot record any more. `end_sessions': end the interrupted LTTng sessions. `open':
%% make new ones. `await': wait until LTTng has enabled their events. `prove': read an event back, and record.
-type step() :: end_daemon | end_sessions | open | await | prove.
-type interruption() :: #{
    %% What LTTng said.
    why := beamtap_nif:failure(),
    %% Whether the interrupted LTTng sessions have ended.
    are_ended := boolean(),
    %% Why the last attempt failed.
    obstacle => beamtap_error:error(),
    %% When the current attempt fails.
    until => beamtap_deadline:deadline()
}.
-type recording() :: beamtap_recording:recording().

-define(ATTEMPT, [open, await, prove]).
%% A caller waits at most for one step.
-define(STEP_MS, 4000).
-define(END_MS, 1500).
%% Between two attempts.
-define(PAUSE_MS, 1000).
%% LTTng does not tell when it has enabled the events. liblttng-ust may look for a new session daemon 5 s late, twice.
-define(LOOK_MS, 50).
-define(AWAIT_MS, 15000).
-define(PROVE_MS, 3000).

%% @doc A recording is interrupted. Returns the steps that lead back to recording.
-spec new(beamtap_nif:failure(), recording()) -> {interruption(), [step()]}.
new({error, {Kind, _, _}} = Why, #{daemon := Daemon}) ->
    %% A session daemon does not start a second consumer daemon. Only one that this tap started is ended.
    First = [end_daemon || Kind =:= no_consumer, Daemon =:= own],
    {#{why => Why, are_ended => false}, First ++ [end_sessions | ?ATTEMPT]}.

%% @doc Takes a step. `retry': after so many milliseconds, with these steps.
-spec step(step(), interruption(), recording(), beamtap_nif:slot()) ->
    {ok, interruption(), recording()} | {retry, [step()], Ms :: non_neg_integer(), interruption(), recording()}.
step(end_daemon, Interruption, #{sessions := Sessions} = Recording, _) ->
    _ = beamtap_lttng:end_daemon(Sessions, beamtap_deadline:within(?STEP_MS)),
    {ok, Interruption, Recording};
step(end_sessions, Interruption, Recording, _) ->
    Ended = end_sessions(Interruption, Recording, beamtap_deadline:within(?END_MS)),
    {ok, Interruption#{are_ended := true}, Ended};
step(open, Interruption, Recording, _) ->
    case open(Interruption, Recording, beamtap_deadline:within(?STEP_MS)) of
        {ok, Opened} -> {ok, Interruption#{until => beamtap_deadline:within(?AWAIT_MS)}, Opened};
        {error, _} = Error -> failed(Error, Interruption, Recording)
    end;
step(await, Interruption, #{wanted := Wanted} = Recording, _) ->
    case beamtap_nif:await_enabled(names(Wanted), 0) of
        ok -> {ok, Interruption, Recording};
        timeout -> later(timeout, ?LOOK_MS, Interruption, Recording)
    end;
step(prove, Interruption, #{sessions := Sessions, wanted := Wanted} = Recording, Slot) ->
    case beamtap_recording:prove(Sessions, names(Wanted), beamtap_deadline:within(?PROVE_MS)) of
        {ok, Verified} -> take_up(Interruption, Recording#{sessions := Verified}, Slot);
        %% The events in this VM may still have belonged to the LTTng session before.
        {error, #{reason := not_recording}} = Error -> later(Error, 0, Interruption, Recording);
        Failed -> failed(beamtap_recording:start_error(Failed), Interruption, Recording)
    end.

names(Wanted) -> [Event || {Event, _, _} <- Wanted].

later(Failed, Ms, #{until := Until} = Interruption, Recording) ->
    case beamtap_deadline:remaining(Until) of
        0 -> failed(beamtap_recording:start_error(Failed), Interruption, Recording);
        _ -> {retry, [await, prove], Ms, Interruption, Recording}
    end.

%% The new LTTng sessions are of no use. The next attempt makes others.
failed(Error, Interruption, #{sessions := Sessions} = Recording) ->
    _ = beamtap_lttng:destroy(Sessions, beamtap_deadline:within(0)),
    {retry, ?ATTEMPT, ?PAUSE_MS, Interruption#{obstacle => Error}, Recording#{sessions := []}}.

%% The receipt tells of the interrupted LTTng sessions, too.
end_sessions(#{why := {error, {_, Reason, _}}}, #{sessions := Sessions, earlier := Earlier} = Recording, Deadline) ->
    _ = beamtap_lttng:destroy(beamtap_lttng:interrupted(Sessions), Deadline),
    Ended = [
        Part#{discarded => unknown, lost => unknown, interrupted => Reason}
     || Part <- beamtap_lttng:describe(Sessions)
    ],
    Recording#{sessions := [], earlier := Earlier ++ Ended}.

%% The part has a directory and LTTng sessions of its own. What was written before is not touched.
open(Interruption, #{name := Name, path := Path, opts := Opts, wanted := Wanted, filters := Filters, part := Part} = Recording, Deadline) ->
    Number = integer_to_binary(Part + 1),
    Place = #{
        name => <<Name/binary, "-", Number/binary>>,
        path => filename:join(Path, <<"part-", Number/binary>>),
        wanted => Wanted,
        may_start => may_start(Interruption, Recording)
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

%% A session daemon of another user's or tool's is not restarted. One that another VM had started has ended with that VM.
may_start(#{why := {error, {no_sessiond, _, _}}}, #{daemon := foreign}) -> false;
may_start(_, _) -> true.

%% The new part begins with the gap. What is emitted after it is counted anew.
take_up(#{why := {error, {_, Reason, _}}} = Interruption, #{seen := #{at := At, emitted := Before}, name := Name} = Recording, Slot) ->
    Known = beamtap_definitions:collect(),
    Emit = fun(_) ->
        #{emitted := Emitted} = beamtap_recording:seen(Recording),
        LengthNs = erlang:convert_time_unit(erlang:monotonic_time() - At, native, nanosecond),
        SinceBegin = Emitted - beamtap_recording:emitted_before(Recording),
        beamtap_nif:emit_gap(Name, LengthNs, Emitted - Before, SinceBegin, Reason)
    end,
    Gap = gap(Interruption, Recording, true),
    case beamtap_recording:begin_sessions(Emit, Known, Slot, Recording) of
        {ok, #{gaps := Gaps} = Begun} -> {ok, Interruption, Begun#{gaps := Gaps ++ [Gap]}};
        {error, _} = Error -> failed(Error, Interruption, Recording)
    end.

gap(#{why := {error, {_, Reason, _}}}, #{seen := #{at := At, emitted := Before}} = Recording, IsResumed) ->
    #{at := Now, emitted := Emitted} = beamtap_recording:seen(Recording),
    System = fun(Time) -> erlang:convert_time_unit(Time + erlang:time_offset(), native, microsecond) end,
    #{began_us => System(At), ended_us => System(Now), emitted => Emitted - Before, reason => Reason, resumed => IsResumed}.

%% @doc The tap ends before it records again.
-spec give_up(interruption(), recording(), beamtap_deadline:deadline()) -> recording().
give_up(#{are_ended := AreEnded} = Interruption, #{gaps := Gaps} = Recording, Deadline) ->
    Left =
        case AreEnded of
            true -> Recording;
            false -> end_sessions(Interruption, Recording, Deadline)
        end,
    Left#{'after' => beamtap_nif:counters(), gaps := Gaps ++ [gap(Interruption, Recording, false)]}.

%% @doc Facts for the user: why LTTng records nothing, what stands in the way of taking the tap up again, and what LTTng advises
%% where only the user can help.
-spec describe(interruption(), recording()) -> #{reason := binary(), obstacle => beamtap_error:reason(), advice => binary()}.
describe(#{why := {error, {_, Reason, _}}} = Interruption, Recording) ->
    maps:merge(
        maps:merge(#{reason => Reason}, advice(Interruption, Recording)),
        maps:from_list([{obstacle, Obstacle} || #{obstacle := {error, Obstacle}} <- [Interruption]])
    ).

%% Attempts fail in many ways until the user has acted, so this comes first.
advice(#{why := {error, {Kind, _, Advice}}}, #{daemon := Daemon}) when
    Daemon =/= own, Kind =:= no_consumer; Daemon =:= foreign, Kind =:= no_sessiond; Kind =:= output_full
->
    #{advice => Advice};
advice(_, _) ->
    #{}.

%% @doc The answer to a request that needs LTTng.
-spec refuse(interruption(), recording()) -> beamtap_error:error().
refuse(Interruption, Recording) ->
    #{reason := Cause} = Facts = describe(Interruption, Recording),
    {error, Facts#{reason := degraded, why => Cause}}.
