%% @private
%% The part of a tap that is LTTng's: its sessions, what is counted at their beginning and at their end, and what got
%% lost between.
-module(beamtap_recording).

-export([open/2, start/3, widen/3, stop/3, close/2]).
-export([snapshot/3, define/0, enable/4, disable/3, prune/1, describe/1]).
-export_type([plan/0, recording/0, hold/0]).

-type plan() :: #{
    name := binary(),
    path := binary(),
    classes := [beamtap_spec:class()],
    opts := beamtap_spec:checked_opts()
}.
%% `before' and `after' are the counters of the NIF when recording began and ended; `began' is the VM's monotonic time.
-type recording() :: #{
    sessions := [beamtap_lttng:session()],
    events := [beamtap_nif:event()],
    modules => [{module(), binary()}],
    before => list(),
    'after' => list(),
    began => integer()
}.
%% Told before all emission in the VM is held, and after it is let go again: should the caller die in between, somebody
%% else has to let it go.
-type hold() :: fun((boolean()) -> term()).
-type problem() :: {Said :: string(), ok | {error, term()}}.

%% @doc Makes the LTTng sessions; they do not record yet.
-spec open(plan(), beamtap_deadline:deadline()) -> {ok, recording()} | beamtap_error:error().
open(#{path := Path, name := Name, classes := Classes, opts := Opts}, Deadline) ->
    Wanted = wanted(Classes, maps:get(payload, Opts)),
    case beamtap_lttng:open(Name, Path, Wanted, Opts, Deadline) of
        {ok, Sessions} -> {ok, #{sessions => Sessions, events => [Event || {Event, _, _} <- Wanted]}};
        {error, _} = Error -> Error
    end.

%% @doc Begins to record: counters, a canary and all definitions come first. After an error nothing records.
-spec start(recording(), hold(), beamtap_deadline:deadline()) -> {ok, recording()} | beamtap_error:error().
start(#{sessions := Sessions, events := Events} = Recording, Hold, Deadline) ->
    Known = beamtap_definitions:collect(),
    Proved = chain([
        fun() -> beamtap_lttng:start(Sessions, Deadline) end,
        fun() -> prove(Sessions, Events, Deadline) end
    ]),
    case Proved of
        {ok, Verified} ->
            %% Everything after this is counted. Nobody emits meanwhile; other taps wait no longer than that.
            Counted = held(Hold, fun() ->
                Counters = beamtap_nif:counters(),
                {beamtap_nif:emit_counters('begin'), Counters}
            end),
            begun(Counted, Known, Recording#{sessions := Verified});
        Failed ->
            start_error(Failed)
    end.

begun({ok, Before}, #{modules := Modules} = Known, Recording) ->
    case beamtap_definitions:emit(Known) of
        ok -> {ok, Recording#{modules => Modules, before => Before, began => erlang:monotonic_time()}};
        Failed -> start_error(Failed)
    end;
begun(Failed, _, _) ->
    start_error(Failed).

%% LTTng's word that events are on, and that it records, proves nothing: an event is emitted and read back. It may not
%% arrive at first, while this VM still knows the events as those of a session or a daemon before; then once more.
prove(Sessions, Events, Deadline) ->
    Nonce = beamtap_definitions:nonce(),
    Awaited = fun() -> beamtap_nif:await_enabled(Events, beamtap_deadline:remaining(Deadline)) end,
    Proved = chain([
        Awaited,
        fun() -> beamtap_definitions:canary(Nonce) end,
        fun() -> beamtap_lttng:flush(Sessions, Deadline) end,
        fun() -> beamtap_lttng:verify(Sessions, Nonce, Deadline) end
    ]),
    case Proved of
        {ok, Verified} ->
            case Awaited() of
                ok -> {ok, Verified};
                Failed -> Failed
            end;
        {error, #{reason := not_recording}} = Error ->
            case beamtap_deadline:remaining(Deadline) of
                0 -> Error;
                _ -> prove(Sessions, Events, Deadline)
            end;
        Failed ->
            Failed
    end.

%% Does something while nothing is emitted in the whole VM.
held(Hold, Act) ->
    _ = Hold(true),
    Held = beamtap_nif:hold(),
    Answer = Act(),
    ok = beamtap_nif:release(),
    _ = Hold(false),
    case {Held, Answer} of
        {ok, {ok, Value}} -> {ok, Value};
        {ok, {Failed, _}} -> Failed;
        {Failed, _} -> Failed
    end.

%% @doc Records further classes from now on.
-spec widen(recording(), [beamtap_spec:class()], beamtap_deadline:deadline()) -> {ok, recording()} | beamtap_error:error().
widen(#{sessions := Sessions, events := Events} = Recording, Classes, Deadline) ->
    New = [Wanted || {Event, _, _} = Wanted <- of_classes(Classes), not lists:member(Event, Events)],
    Names = [Event || {Event, _, _} <- New],
    Enabled = [fun() -> beamtap_lttng:enable(Sessions, Wanted, <<>>, Deadline) end || Wanted <- New],
    Awaited = fun() -> beamtap_nif:await_enabled(Names, beamtap_deadline:remaining(Deadline)) end,
    case chain(Enabled ++ [Awaited || New =/= []]) of
        ok -> {ok, Recording#{events := Events ++ Names}};
        Failed -> start_error(Failed)
    end.

%% @doc Ends recording, so that every event is either in the trace or counted as lost; also says what went wrong.
-spec stop(recording(), hold(), beamtap_deadline:deadline()) -> {recording(), [problem()]}.
stop(#{sessions := Sessions, modules := Modules} = Recording, Hold, Deadline) ->
    New = beamtap_definitions:emit_modules_since(Modules),
    _ = Hold(true),
    Held = beamtap_nif:hold(),
    Counted = beamtap_nif:emit_counters('end'),
    After = beamtap_nif:counters(),
    {Stopped, Failures} =
        case beamtap_ledger:sessions() -- [self()] of
            [] ->
                Answer = beamtap_lttng:stop(Sessions, Deadline),
                ok = beamtap_nif:release(),
                Answer;
            _ ->
                %% Other taps do not wait for LTTng; what they emit until it has stopped is in the trace after the last
                %% counters.
                ok = beamtap_nif:release(),
                beamtap_lttng:stop(Sessions, Deadline)
        end,
    _ = Hold(false),
    Problems = [
        {"modules loaded meanwhile are not in the trace", New},
        {"the last counters are not in the trace", Counted},
        {"callbacks did not end", Held}
    ],
    Unstopped = [{"LTTng did not stop the session", Failure} || Failure <- Failures],
    {Recording#{'after' => After, sessions := Stopped}, Problems ++ Unstopped}.

%% @doc Ends the LTTng sessions.
-spec close(recording(), beamtap_deadline:deadline()) -> [problem()].
close(#{sessions := Sessions} = Recording, Deadline) ->
    ok = prune(Recording),
    [{"LTTng did not end the session", Failure} || Failure <- beamtap_lttng:destroy(Sessions, Deadline)].

%% @doc Writes what the flight recorder holds, as {@link beamtap_lttng:snapshot/3} does. Definitions come first: by
%% now the buffers may have lost them.
-spec snapshot(recording(), binary(), beamtap_deadline:deadline()) -> {ok, binary()} | beamtap_error:error().
snapshot(#{sessions := Sessions}, Label, Deadline) ->
    case define() of
        ok -> beamtap_lttng:snapshot(Sessions, Label, Deadline);
        Failed -> start_error(Failed)
    end.

%% @doc Writes all definitions again, for whatever has lost, or never had, those of the start.
-spec define() -> ok | {error, no_slot}.
define() ->
    beamtap_definitions:dump().

%% @doc Records an event of the catalogue from now on; with a filter of LTTng's, only where it holds.
-spec enable(recording(), binary(), binary(), beamtap_deadline:deadline()) -> ok | beamtap_error:error().
enable(#{sessions := Sessions}, Event, Filter, Deadline) ->
    known(Event, fun(Known) -> beamtap_lttng:enable(Sessions, Known, Filter, Deadline) end).

%% @doc Records an event no more.
-spec disable(recording(), binary(), beamtap_deadline:deadline()) -> ok | beamtap_error:error().
disable(#{sessions := Sessions}, Event, Deadline) ->
    known(Event, fun(Known) -> beamtap_lttng:disable(Sessions, Known, Deadline) end).

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

%% @doc What a person is told of each session.
-spec describe(recording()) -> [map()].
describe(#{sessions := Sessions}) ->
    beamtap_lttng:describe(Sessions).

chain([]) ->
    ok;
chain([Act | Rest]) ->
    case Act() of
        ok -> chain(Rest);
        Failed -> Failed
    end.

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
