%% @private
%% What LTTng records for a tap: its LTTng sessions, the counters at begin and end, and what got lost in between.
-module(beamtap_recording).

-export([open/5, start/3, widen/3, check/2, stop/4, close/2]).
-export([snapshot/3, define/0, enable/4, disable/3, prune/1, describe/1, parts/1, wanted/1]).
-export([begin_sessions/4, prove/3, seen/1, emitted_before/1, start_error/1]).
-export_type([recording/0, gap/0]).

-type recording() :: #{
    %% What the names of the LTTng sessions begin with, and the trace's directory.
    name := binary(),
    path := binary(),
    opts := beamtap_options:checked(),
    %% What LTTng is to record, and the filters of events. They change while the tap runs.
    wanted := [beamtap_lttng:wanted()],
    filters := #{beamtap_nif:event() => binary()},
    %% The LTTng sessions.
    sessions := [beamtap_lttng:lttng_session()],
    %% Who started their session daemon.
    daemon => own | vm | foreign,
    %% The events that are counted, and their counters when recording began and ended.
    events := [beamtap_nif:event()],
    before => list(),
    'after' => list(),
    %% When recording began, in the VM's monotonic time.
    began => integer(),
    %% When the recording was last known to work, and what its events' counters said then.
    seen => seen(),
    %% The modules that the trace has names of.
    modules => [{module(), binary()}],
    %% The number of the current part of the trace, and the parts that were interrupted.
    part := pos_integer(),
    earlier := [map()],
    gaps := [gap()]
}.
-type seen() :: #{at := integer(), emitted := non_neg_integer()}.
%% A time in which nothing was recorded: begin and end in microseconds of the system's time, and how many events were emitted
%% meanwhile.
-type gap() :: #{
    began_us := integer(), ended_us := integer(), emitted := non_neg_integer(), reason := binary(), resumed := boolean()
}.
-type problem() :: {What :: atom(), ok | {error, term()}}.

%% @doc Makes the LTTng sessions. They do not record yet.
-spec open(binary(), binary(), [beamtap_spec:class()], beamtap_options:checked(), beamtap_deadline:deadline()) ->
    {ok, recording()} | beamtap_error:error().
open(Name, Path, Classes, Opts, Deadline) ->
    Wanted = wanted(Classes, maps:get(payload, Opts)),
    case beamtap_lttng:open(#{name => Name, path => Path, wanted => Wanted, may_start => true}, Opts, Deadline) of
        {ok, Sessions} ->
            {ok, #{
                name => Name,
                path => Path,
                opts => Opts,
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

%% @doc Begins to record. The trace begins with counters, a canary and all definitions. After an error nothing records.
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

%% @doc Counts what is recorded from here on, and writes all definitions. What Emit emits comes first; it gets the counters.
-spec begin_sessions(fun((list()) -> ok | {error, term()}), beamtap_definitions:known(), beamtap_nif:slot(), recording()) ->
    {ok, recording()} | beamtap_error:error().
begin_sessions(Emit, #{modules := Modules} = Known, Slot, #{sessions := Sessions} = Recording) ->
    %% Events after this are counted. Nothing is emitted meanwhile, and other taps wait no longer than that.
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

%% @doc Whether LTTng still records, as far as this VM can tell. Asks the session daemon if Asks. `stalled': the consumer daemon
%% stands still; what it loses then, LTTng counts.
-spec check(recording(), Asks :: boolean()) ->
    {ok, recording()} | {stalled, beamtap_nif:failure(), recording()} | {interrupted, beamtap_nif:failure()}.
check(#{sessions := Sessions} = Recording, Asks) ->
    case beamtap_lttng:check(Sessions, Asks) of
        ok -> {ok, still_on(Recording)};
        {error, {consumer_stopped, _, _}} = Failure -> {stalled, Failure, Recording#{seen := seen(Recording)}};
        {error, _} = Failure -> {interrupted, Failure}
    end.

%% A session daemon that exits disables the events before it is gone.
still_on(#{wanted := Wanted} = Recording) ->
    case beamtap_nif:await_enabled([Event || {Event, _, _} <- Wanted], 0) of
        ok -> Recording#{seen := seen(Recording)};
        timeout -> Recording
    end.

%% @doc The current time and counters, for a recording that works now.
-spec seen(recording()) -> seen().
seen(Recording) ->
    #{at => erlang:monotonic_time(), emitted => emitted(beamtap_nif:counters(), Recording)}.

%% @doc How many of the recording's events the VM had emitted before it began.
-spec emitted_before(recording()) -> non_neg_integer().
emitted_before(#{before := Before} = Recording) ->
    emitted(Before, Recording).

%% The event that carries counters is not counted.
emitted(Counters, #{events := Events}) ->
    Counted = Events -- [<<"counters">>],
    lists:sum([element(2, Kind) || Kind <- Counters, lists:member(element(1, Kind), Counted)]).

%% That LTTng says it records proves nothing. So an event is emitted and read back. It may not arrive at first, while the
%% events in this VM still belong to an earlier LTTng session or daemon; then it is tried again.
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

%% @doc Emits a canary, reads it back, and waits until the events are enabled again.
-spec prove([beamtap_lttng:lttng_session()], [beamtap_nif:event()], beamtap_deadline:deadline()) ->
    {ok, [beamtap_lttng:lttng_session()]} | beamtap_error:error() | beamtap_nif:failure() | {error, atom()} | timeout.
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

%% Does something while nothing is emitted in the whole VM. The slot's tap holds emission.
held(Slot, Act) ->
    Held = beamtap_nif:hold(Slot),
    Answer = Act(),
    ok = beamtap_nif:release(Slot),
    case {Held, Answer} of
        {ok, {ok, Value}} -> {ok, Value};
        {ok, {Failed, _}} -> Failed;
        {Failed, _} -> Failed
    end.

%% @doc Records more classes from now on. What other taps emitted of them before is not counted.
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

%% @doc Ends recording. Every event is then either in the trace or counted as lost. `interrupted': LTTng no longer recorded.
-spec stop(recording(), beamtap_nif:slot(), beamtap:ended_by() | none, beamtap_deadline:deadline()) ->
    {ok, recording(), [problem()]} | {interrupted, beamtap_nif:failure(), recording()}.
stop(Recording, Slot, EndedBy, Deadline) ->
    %% LTTng stops an LTTng session whose consumer daemon is dead as if nothing were missing.
    case check(Recording, false) of
        {ok, Checked} -> stop_working(Checked, Slot, EndedBy, Deadline);
        {stalled, _, Checked} -> stop_working(Checked, Slot, EndedBy, Deadline);
        {interrupted, Failure} -> {interrupted, Failure, Recording}
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
                %% Other taps do not wait for LTTng. What they emit before it has stopped is in the trace after the last
                %% counters.
                ok = beamtap_nif:release(Slot),
                beamtap_lttng:stop(Sessions, Deadline)
        end,
    Problems = [
        {'end', Ended},
        {modules, New},
        {counters, Counted},
        {callbacks, Held}
    ],
    Unstopped = [{stop, Failure} || Failure <- Failures],
    %% A daemon may have died meanwhile.
    case beamtap_lttng:check(Sessions, false) of
        {error, {Kind, _, _}} = Death when Kind =:= no_sessiond; Kind =:= no_consumer; Kind =:= no_relayd ->
            {interrupted, Death, Recording};
        _ ->
            {ok, Recording#{'after' => After, sessions := Stopped}, Problems ++ Unstopped}
    end.

ended(none, _) ->
    ok;
ended(EndedBy, #{name := Name, began := Began}) ->
    Length = erlang:convert_time_unit(erlang:monotonic_time() - Began, native, nanosecond),
    beamtap_definitions:ended(Name, EndedBy, Length).

%% @doc Ends the LTTng sessions.
-spec close(recording(), beamtap_deadline:deadline()) -> [problem()].
close(#{sessions := Sessions} = Recording, Deadline) ->
    ok = prune(Recording),
    [{destroy, Failure} || Failure <- beamtap_lttng:destroy(Sessions, Deadline)].

%% @doc Writes what the flight recorder holds. Definitions come first: the buffers may have overwritten them.
-spec snapshot(recording(), binary(), beamtap_deadline:deadline()) -> {ok, binary()} | beamtap_error:error().
snapshot(#{sessions := Sessions}, Label, Deadline) ->
    case chain([fun define/0, fun() -> beamtap_nif:emit_counters(snapshot) end]) of
        ok -> beamtap_lttng:snapshot(Sessions, Label, Deadline);
        Failed -> start_error(Failed)
    end.

%% @doc Writes all definitions again, for a trace that has lost, or never had, those of the start.
-spec define() -> ok | {error, no_slot}.
define() ->
    beamtap_definitions:dump().

%% @doc Records an event of the catalogue from now on. With a filter, only events that pass it.
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

%% @doc Stops recording an event.
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
            {error, #{reason => unknown_event, event => Event, known => [Name || {Name, _, _} <- Events]}};
        Known ->
            Act(Known)
    end.

%% @doc Removes closed chunks beyond the number to keep.
-spec prune(recording()) -> ok.
prune(#{sessions := Sessions}) ->
    beamtap_lttng:prune(Sessions).

%% @doc The events that LTTng is to record.
-spec wanted(recording()) -> [beamtap_lttng:wanted()].
wanted(#{wanted := Wanted}) -> Wanted.

%% @doc What the user is told of it: each LTTng session, and the gaps.
-spec describe(recording()) -> #{recordings := [map()], gaps := [gap()]}.
describe(#{gaps := Gaps} = Recording) ->
    #{recordings => parts(Recording), gaps => Gaps}.

%% @doc What the user is told of each LTTng session, interrupted ones first.
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
    {error, #{reason => timeout, what => events}};
start_error({error, not_quiet}) ->
    {error, #{reason => not_quiet}};
start_error({error, no_slot}) ->
    {error, #{reason => no_thread, what => definitions}};
start_error({error, #{}} = Error) ->
    Error;
start_error(Native) ->
    beamtap_error:from_native(Native).

%% The events of these classes, the application's marks, payloads if asked for, and beamtap's own.
wanted(Classes, Payload) ->
    of_classes([marks | [payload || not beamtap_payload:is_none(Payload)]] ++ Classes).

of_classes(Classes) ->
    Flags = [<<>> | [atom_to_binary(Class) || Class <- Classes]],
    [Entry || {_, Class, _} = Entry <- beamtap_nif:catalogue(), lists:member(Class, Flags)].
