%% @private
%% The part of a tap that is LTTng's: its sessions, what is counted at their beginning and at their end, and what got
%% lost between.
-module(beamtap_recording).

-export([open/2, start/3, widen/3, stop/4, close/2, check/2]).
-export([snapshot/3, define/0, enable/4, disable/3, prune/1, describe/1, parts/1, wanted/1]).
-export([begin_sessions/4, prove/3, held/2, seen/1, emitted_before/1, start_error/1]).
-export_type([plan/0, recording/0, seen/0, gap/0]).

-type plan() :: #{
    name := binary(),
    path := binary(),
    classes := [beamtap_spec:class()],
    opts := beamtap_spec:checked_opts()
}.
%% When the recording was last known to work, and what its events' counters said then.
-type seen() :: #{at := integer(), emitted := non_neg_integer()}.
%% A time in which nothing was recorded: begin and end in microseconds of the system's time, events emitted meanwhile.
-type gap() :: #{
    began_us := integer(), ended_us := integer(), emitted := non_neg_integer(), reason := binary(), resumed := boolean()
}.
%% `wanted' and `filters' are what LTTng is to record, as changed meanwhile. `before' and `after' are the counters of the
%% NIF when recording began and ended; `began' is the VM's monotonic time. `earlier' are the parts that were interrupted.
-type recording() :: #{
    plan := plan(),
    wanted := [beamtap_lttng:wanted()],
    filters := #{beamtap_nif:event() => binary()},
    sessions := [beamtap_lttng:session()],
    events := [beamtap_nif:event()],
    modules => [{module(), binary()}],
    before => list(),
    'after' => list(),
    began => integer(),
    seen => seen(),
    stalled => beamtap_nif:failure(),
    daemon => own | vm | foreign,
    part := pos_integer(),
    earlier := [map()],
    gaps := [gap()],
    remake => beamtap_remake:remake()
}.
-type problem() :: {Said :: string(), ok | {error, term()}}.

%% @doc Makes the LTTng sessions; they do not record yet.
-spec open(plan(), beamtap_deadline:deadline()) -> {ok, recording()} | beamtap_error:error().
open(#{path := Path, name := Name, classes := Classes, opts := Opts} = Plan, Deadline) ->
    Wanted = wanted(Classes, maps:get(payload, Opts)),
    case beamtap_lttng:open(#{name => Name, path => Path, wanted => Wanted, may_start => true}, Opts, Deadline) of
        {ok, Sessions} ->
            {ok, #{
                plan => Plan,
                wanted => Wanted,
                filters => #{},
                sessions => Sessions,
                events => [Event || {Event, _, _} <- Wanted],
                part => 1,
                earlier => [],
                gaps => []
            }};
        {error, _} = Error ->
            Error
    end.

%% @doc Begins to record: counters, a canary and all definitions come first. After an error nothing records.
-spec start(recording(), beamtap_nif:slot(), beamtap_deadline:deadline()) -> {ok, recording()} | beamtap_error:error().
start(#{sessions := Sessions, events := Events} = Recording, Slot, Deadline) ->
    Known = beamtap_definitions:collect(),
    Proved = chain([
        fun() -> beamtap_lttng:start(Sessions, Deadline) end,
        fun() -> awaited_and_proved(Sessions, Events, Deadline) end
    ]),
    case Proved of
        {ok, Verified} ->
            begin_sessions(fun(_) -> ok end, Known, Slot, Recording#{sessions := Verified});
        Failed ->
            start_error(Failed)
    end.

%% @doc Counts what is recorded from here on, and has everything defined. First of all is what Emit emits, which is given
%% the counters.
-spec begin_sessions(fun((list()) -> ok | {error, term()}), beamtap_definitions:known(), beamtap_nif:slot(), recording()) ->
    {ok, recording()} | beamtap_error:error().
begin_sessions(Emit, #{modules := Modules} = Known, Slot, #{sessions := Sessions} = Recording) ->
    %% Everything after this is counted. Nobody emits meanwhile; other taps wait no longer than that.
    Counted = held(Slot, fun() ->
        Counters = beamtap_nif:counters(),
        {chain([fun() -> Emit(Counters) end, fun() -> beamtap_nif:emit_counters('begin') end]), Counters}
    end),
    Defined = fun() -> beamtap_definitions:emit(Known) end,
    case Counted of
        {ok, Counters} ->
            case Defined() of
                ok ->
                    Begun = maps:merge(#{before => Counters, began => erlang:monotonic_time()}, Recording),
                    Daemon = beamtap_lttng:daemon(Sessions),
                    {ok, Begun#{modules => Modules, daemon => Daemon, seen => seen(Begun)}};
                Failed ->
                    start_error(Failed)
            end;
        Failed ->
            start_error(Failed)
    end.

%% @doc Whether LTTng still records, as far as can be seen from here; its session daemon is asked if Asks.
-spec check(recording(), Asks :: boolean()) -> {ok, recording()} | {interrupted, recording()}.
check(#{sessions := Sessions} = Recording, Asks) ->
    Working = maps:remove(stalled, Recording),
    case beamtap_lttng:check(Sessions, Asks) of
        ok ->
            {ok, still_on(Working)};
        {error, {consumer_stopped, _, _}} = Stalled ->
            %% What it then loses, LTTng counts.
            {ok, Working#{stalled => Stalled, seen := seen(Recording)}};
        {error, _} = Failure ->
            {interrupted, beamtap_remake:interrupt(Working, Failure)}
    end.

%% A session daemon that is on its way out has the events switched off before it is gone.
still_on(#{wanted := Wanted} = Recording) ->
    case beamtap_nif:await_enabled([Event || {Event, _, _} <- Wanted], 0) of
        ok -> Recording#{seen := seen(Recording)};
        timeout -> Recording
    end.

%% @doc This moment, as one at which the recording works.
-spec seen(recording()) -> seen().
seen(Recording) ->
    #{at => erlang:monotonic_time(), emitted => emitted(beamtap_nif:counters(), Recording)}.

%% @doc What the VM had emitted of the recording's events when that began.
-spec emitted_before(recording()) -> non_neg_integer().
emitted_before(#{before := Before} = Recording) ->
    emitted(Before, Recording).

%% The events that carry counters are counted nowhere.
emitted(Counters, #{events := Events}) ->
    Counted = Events -- [<<"counters">>],
    lists:sum([element(2, Kind) || Kind <- Counters, lists:member(element(1, Kind), Counted)]).

%% LTTng's word that events are on, and that it records, proves nothing: an event is emitted and read back. It may not
%% arrive at first, while this VM still knows the events as those of a session or a daemon before; then once more.
awaited_and_proved(Sessions, Events, Deadline) ->
    Awaited = fun() -> beamtap_nif:await_enabled(Events, beamtap_deadline:remaining(Deadline)) end,
    case chain([Awaited, fun() -> prove(Sessions, Events, Deadline) end]) of
        {error, #{reason := not_recording}} = Error ->
            case beamtap_deadline:remaining(Deadline) of
                0 -> Error;
                _ -> awaited_and_proved(Sessions, Events, Deadline)
            end;
        Answer ->
            Answer
    end.

%% @doc Emits a canary, reads it back, and waits until the events are on again.
-spec prove([beamtap_lttng:session()], [beamtap_nif:event()], beamtap_deadline:deadline()) ->
    {ok, [beamtap_lttng:session()]} | beamtap_error:error() | beamtap_nif:failure() | {error, atom()} | timeout.
prove(Sessions, Events, Deadline) ->
    Nonce = beamtap_definitions:nonce(),
    Proved = chain([
        fun() -> beamtap_definitions:canary(Nonce) end,
        fun() -> beamtap_lttng:flush(Sessions, Deadline) end,
        fun() -> beamtap_lttng:verify(Sessions, Nonce, Deadline) end
    ]),
    case Proved of
        {ok, Verified} ->
            case beamtap_nif:await_enabled(Events, beamtap_deadline:remaining(Deadline)) of
                ok -> {ok, Verified};
                timeout -> timeout
            end;
        Failed ->
            Failed
    end.

%% @doc Does something while nothing is emitted in the whole VM; the tap with this slot holds it.
-spec held(beamtap_nif:slot(), fun(() -> {ok | {error, term()}, Value})) -> {ok, Value} | {error, term()}.
held(Slot, Act) ->
    Held = beamtap_nif:hold(Slot),
    Answer = Act(),
    ok = beamtap_nif:release(Slot),
    case {Held, Answer} of
        {ok, {ok, Value}} -> {ok, Value};
        {ok, {Failed, _}} -> Failed;
        {Failed, _} -> Failed
    end.

%% @doc Records further classes from now on. What other taps have had of them is not counted.
-spec widen(recording(), [beamtap_spec:class()], beamtap_deadline:deadline()) -> {ok, recording()} | beamtap_error:error().
widen(#{sessions := Sessions, events := Events, wanted := Before} = Recording, Classes, Deadline) ->
    New = [Wanted || {Event, _, _} = Wanted <- of_classes(Classes), not lists:member(Event, Events)],
    Names = [Event || {Event, _, _} <- New],
    Enabled = [fun() -> beamtap_lttng:enable(Sessions, Wanted, <<>>, Deadline) end || Wanted <- New],
    Awaited = fun() -> beamtap_nif:await_enabled(Names, beamtap_deadline:remaining(Deadline)) end,
    Joined = fun() -> beamtap_nif:emit_joined(Names) end,
    Counters = beamtap_nif:counters(),
    case chain([Joined || New =/= []] ++ Enabled ++ [Awaited || New =/= []]) of
        ok -> {ok, joined(Names, Counters, Recording#{events := Events ++ Names, wanted := Before ++ New})};
        Failed -> start_error(Failed)
    end.

joined(Names, Counters, #{before := Before} = Recording) ->
    Anew = [Kind || Kind <- Counters, lists:member(element(1, Kind), Names)],
    Counted = Recording#{before := Anew ++ [Kind || Kind <- Before, not lists:member(element(1, Kind), Names)]},
    Counted#{seen := seen(Counted)}.

%% @doc Ends recording, so that every event is either in the trace or counted as lost; also says what went wrong.
-spec stop(recording(), beamtap_nif:slot(), beamtap:ended_by() | none, beamtap_deadline:deadline()) ->
    {recording(), [problem()]}.
stop(#{remake := _} = Recording, _, _, Deadline) ->
    %% Nothing to be counted or defined; what is half made goes.
    {beamtap_remake:give_up(Recording, Deadline), []};
stop(Recording, Slot, EndedBy, Deadline) ->
    %% LTTng stops a session whose consumer daemon is dead as if nothing were missing.
    case check(Recording, false) of
        {interrupted, Interrupted} -> stop(Interrupted, Slot, EndedBy, Deadline);
        {ok, Checked} -> stop_working(Checked, Slot, EndedBy, Deadline)
    end.

stop_working(#{sessions := Sessions, modules := Modules} = Recording, Slot, EndedBy, Deadline) ->
    Ended = ended(EndedBy, Recording),
    New = beamtap_definitions:emit_modules_since(Modules),
    Held = beamtap_nif:hold(Slot),
    Counted = beamtap_nif:emit_counters('end'),
    After = beamtap_nif:counters(),
    {Stopped, Failures} =
        case beamtap_ledger:sessions() -- [self()] of
            [] ->
                Answer = beamtap_lttng:stop(Sessions, Deadline),
                ok = beamtap_nif:release(Slot),
                Answer;
            _ ->
                %% Other taps do not wait for LTTng; what they emit until it has stopped is in the trace after the last
                %% counters.
                ok = beamtap_nif:release(Slot),
                beamtap_lttng:stop(Sessions, Deadline)
        end,
    Problems = [
        {"the tap's end is not in the trace", Ended},
        {"modules loaded meanwhile are not in the trace", New},
        {"the last counters are not in the trace", Counted},
        {"callbacks did not end", Held}
    ],
    Unstopped = [{"LTTng did not stop the session", Failure} || Failure <- Failures],
    %% A daemon may have died in between.
    case beamtap_lttng:check(Sessions, false) of
        {error, {Kind, _, _}} = Death when Kind =:= no_sessiond; Kind =:= no_consumer; Kind =:= no_relayd ->
            {beamtap_remake:give_up(beamtap_remake:interrupt(Recording, Death), Deadline), []};
        _ ->
            {Recording#{'after' => After, sessions := Stopped}, Problems ++ Unstopped}
    end.

ended(none, _) ->
    ok;
ended(EndedBy, #{plan := #{name := Session}, began := Began}) ->
    Length = erlang:convert_time_unit(erlang:monotonic_time() - Began, native, nanosecond),
    beamtap_definitions:ended(Session, EndedBy, Length).

%% @doc Ends the LTTng sessions.
-spec close(recording(), beamtap_deadline:deadline()) -> [problem()].
close(#{sessions := Sessions} = Recording, Deadline) ->
    ok = prune(Recording),
    [{"LTTng did not end the session", Failure} || Failure <- beamtap_lttng:destroy(Sessions, Deadline)].

%% @doc Writes what the flight recorder holds, as {@link beamtap_lttng:snapshot/3} does. Definitions come first: by
%% now the buffers may have lost them.
-spec snapshot(recording(), binary(), beamtap_deadline:deadline()) -> {ok, binary()} | beamtap_error:error().
snapshot(#{sessions := Sessions}, Label, Deadline) ->
    case chain([fun define/0, fun() -> beamtap_nif:emit_counters(snapshot) end]) of
        ok -> beamtap_lttng:snapshot(Sessions, Label, Deadline);
        Failed -> start_error(Failed)
    end.

%% @doc Writes all definitions again, for whatever has lost, or never had, those of the start.
-spec define() -> ok | {error, no_slot}.
define() ->
    beamtap_definitions:dump().

%% @doc Records an event of the catalogue from now on; with a filter of LTTng's, only where it holds.
-spec enable(recording(), binary(), binary(), beamtap_deadline:deadline()) -> {ok, recording()} | beamtap_error:error().
enable(#{sessions := Sessions, wanted := Wanted, filters := Filters} = Recording, Event, Filter, Deadline) ->
    known(Event, fun(Known) ->
        case enable_checked(Sessions, Known, Filter, Deadline) of
            ok -> {ok, Recording#{wanted := lists:usort([Known | Wanted]), filters := Filters#{Event => Filter}}};
            {error, _} = Error -> Error
        end
    end).

enable_checked(Sessions, Known, <<>>, Deadline) ->
    beamtap_lttng:enable(Sessions, Known, <<>>, Deadline);
enable_checked(Sessions, {Event, _, _} = Known, Filter, Deadline) ->
    case beamtap_filter:check(Filter, Event, beamtap_nif:fields(Event)) of
        ok -> beamtap_lttng:enable(Sessions, Known, Filter, Deadline);
        {error, _} = Error -> Error
    end.

%% @doc Records an event no more.
-spec disable(recording(), binary(), beamtap_deadline:deadline()) -> {ok, recording()} | beamtap_error:error().
disable(#{sessions := Sessions, wanted := Wanted, filters := Filters} = Recording, Event, Deadline) ->
    known(Event, fun(Known) ->
        case beamtap_lttng:disable(Sessions, Known, Deadline) of
            ok -> {ok, Recording#{wanted := Wanted -- [Known], filters := maps:remove(Event, Filters)}};
            {error, _} = Error -> Error
        end
    end).

known(Event, Act) ->
    Events = [Entry || {_, Class, _} = Entry <- beamtap_nif:catalogue(), Class =/= <<>>],
    case lists:keyfind(Event, 1, Events) of
        false ->
            Names = lists:join(", ", [Name || {Name, _, _} <- Events]),
            beamtap_error:new(unknown_event, ["there is no event ", beamtap_error:quote(Event)], ["known: ", Names]);
        Known ->
            Act(Known)
    end.

%% @doc Removes closed chunks beyond those that are to be kept.
-spec prune(recording()) -> ok.
prune(#{sessions := Sessions}) ->
    beamtap_lttng:prune(Sessions).

%% @doc The events that LTTng is to record.
-spec wanted(recording()) -> [beamtap_lttng:wanted()].
wanted(#{wanted := Wanted}) -> Wanted.

%% @doc What a person is told of it: each session, gaps, and why it does not record where it does not.
-spec describe(recording()) -> map().
describe(#{gaps := Gaps} = Recording) ->
    Known = #{recordings => parts(Recording), gaps => Gaps},
    case Recording of
        #{remake := _} -> maps:merge(Known, beamtap_remake:describe(Recording));
        #{stalled := {error, {_, Reason, Remedy}}} -> Known#{reason => Reason, remedy => Remedy};
        #{} -> Known
    end.

%% @doc What a person is told of each session, those that were interrupted first.
-spec parts(recording()) -> [map()].
parts(#{sessions := Sessions, earlier := Earlier}) ->
    Earlier ++ beamtap_lttng:describe(Sessions).

chain([]) ->
    ok;
chain([Act | Rest]) ->
    case Act() of
        ok -> chain(Rest);
        Failed -> Failed
    end.

%% @doc The error of a recording that could not begin.
-spec start_error(timeout | {error, term()}) -> beamtap_error:error().
start_error(timeout) ->
    beamtap_error:new(
        timeout,
        "LTTng did not switch the events on in this VM",
        "see lttng list --userspace; lttng-sessiond must run as this user or root"
    );
start_error({error, not_quiet}) ->
    beamtap_error:new(not_quiet, "events under way did not end", "start the tap again");
start_error({error, no_slot}) ->
    beamtap_error:new(no_thread, "no native thread to emit definitions", "look at the limits of this process (ulimit -u)");
start_error({error, #{}} = Error) ->
    Error;
start_error(Native) ->
    beamtap_error:from_native(Native).

%% The catalogue's events that the classes make, the application's marks, payloads where they are asked for, and
%% beamtap's own, as {Event, Class, Channel}.
wanted(Classes, Payload) ->
    of_classes([marks | [payload || not beamtap_payload:is_none(Payload)]] ++ Classes).

of_classes(Classes) ->
    Flags = [<<>> | [atom_to_binary(Class) || Class <- Classes]],
    [Entry || {_, Class, _} = Entry <- beamtap_nif:catalogue(), lists:member(Class, Flags)].
