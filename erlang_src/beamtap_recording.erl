%% @private
%% The part of a tap that is LTTng's: a session with its channels and events, what is counted at its beginning and at
%% its end, and what got lost between.
-module(beamtap_recording).

-export([open/1, start/2, enable/2, stop/2, close/1]).
-export_type([plan/0, recording/0, hold/0]).

-type plan() :: #{
    name := binary(),
    path := binary(),
    classes := [beamtap_spec:class()],
    opts := beamtap_spec:checked_opts()
}.
%% `before' and `after' are the counters of the NIF when recording began and ended; `began' is the VM's monotonic time.
-type recording() :: #{
    session := beamtap_nif:session(),
    events := [beamtap_nif:event()],
    before => list(),
    'after' => list(),
    began => integer(),
    losses => map()
}.
%% Told before all emission in the VM is held, and after it is let go again: should the caller die in between, somebody
%% else has to let it go.
-type hold() :: fun((boolean()) -> term()).
-type problem() :: {Said :: string(), ok | {error, term()}}.

%% LTTng switches events on within milliseconds. Where an earlier daemon has ended, liblttng-ust looks for a new one
%% only every 5 s.
-define(ENABLE_TIMEOUT_MS, 8000).
%% Definitions are few and must not be lost: buffers of their own, whatever the user chose for the events.
-define(DEFINITIONS_SUBBUF_SIZE_BYTES, 262144).
-define(DEFINITIONS_NUM_SUBBUF, 4).

%% @doc Makes the LTTng session; it does not record yet.
-spec open(plan()) -> {ok, recording()} | beamtap_error:error().
open(#{path := Path, name := Name, classes := Classes, opts := Opts}) ->
    Wanted = wanted(Classes, maps:get(payload, Opts)),
    Plan = #{
        name => Name,
        output => Path,
        channels => [channel(Channel, Wanted, Opts) || Channel <- lists:usort([C || {_, _, C} <- Wanted])],
        events => [{Channel, <<"beamtap:", Event/binary>>} || {Event, _, Channel} <- Wanted],
        track_self => true
    },
    case beamtap_nif:session_open(Plan) of
        {ok, Session} -> {ok, #{session => Session, events => [Event || {Event, _, _} <- Wanted]}};
        {error, _} = Error -> beamtap_error:from_native(Error)
    end.

%% @doc Begins to record: counters, a canary and all definitions come first. After an error nothing records.
-spec start(recording(), hold()) -> {ok, recording()} | beamtap_error:error().
start(#{session := Session, events := Events} = Recording, Hold) ->
    Processes = beamtap_definitions:processes(),
    Enabled = chain([
        fun() -> beamtap_nif:session_start(Session) end,
        fun() -> beamtap_nif:await_enabled(Events, ?ENABLE_TIMEOUT_MS) end
    ]),
    Started = chain([
        fun() -> Enabled end,
        %% First, so that everything after it is counted. Nobody emits meanwhile; other taps wait no longer than that.
        fun() -> held(Hold, fun() -> Counters = beamtap_nif:counters(), {beamtap_nif:emit_counters('begin'), Counters} end) end
    ]),
    case Started of
        {ok, Before} ->
            case chain([fun beamtap_definitions:canary/0, fun() -> beamtap_nif:dump_definitions(beamtap_definitions:vm(), Processes) end]) of
                ok -> {ok, Recording#{before => Before, began => erlang:monotonic_time()}};
                Failed -> start_failed(Session, Failed)
            end;
        Failed ->
            start_failed(Session, Failed)
    end.

start_failed(Session, Failed) ->
    _ = beamtap_nif:session_stop(Session),
    start_error(Failed).

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
-spec enable(recording(), [beamtap_spec:class()]) -> {ok, recording()} | beamtap_error:error().
enable(#{session := Session, events := Events} = Recording, Classes) ->
    case [{Channel, Event} || {Event, _, Channel} <- of_classes(Classes), not lists:member(Event, Events)] of
        [] ->
            {ok, Recording};
        New ->
            Names = [Event || {_, Event} <- New],
            Enabled = chain([
                fun() -> beamtap_nif:session_enable(Session, [{C, <<"beamtap:", E/binary>>} || {C, E} <- New]) end,
                fun() -> beamtap_nif:await_enabled(Names, ?ENABLE_TIMEOUT_MS) end
            ]),
            case Enabled of
                ok -> {ok, Recording#{events := Events ++ Names}};
                Failed -> start_error(Failed)
            end
    end.

%% @doc Ends recording, so that every event is either in the trace or counted as lost; also says what went wrong.
-spec stop(recording(), hold()) -> {recording(), [problem()]}.
stop(#{session := Session} = Recording, Hold) ->
    _ = Hold(true),
    Held = beamtap_nif:hold(),
    Counted = beamtap_nif:emit_counters('end'),
    After = beamtap_nif:counters(),
    Stopped =
        case beamtap_ledger:sessions() -- [self()] of
            [] ->
                Answer = beamtap_nif:session_stop(Session),
                ok = beamtap_nif:release(),
                Answer;
            _ ->
                %% Other taps do not wait for LTTng; what they emit until it has stopped is in the trace after the last
                %% counters.
                ok = beamtap_nif:release(),
                beamtap_nif:session_stop(Session)
        end,
    _ = Hold(false),
    Problems = [{"the last counters are not in the trace", Counted}, {"callbacks did not end", Held}],
    case Stopped of
        {ok, Losses} -> {Recording#{'after' => After, losses => Losses}, Problems};
        {error, _} -> {Recording#{'after' => After}, Problems ++ [{"LTTng did not stop the session", Stopped}]}
    end.

%% @doc Ends the LTTng session.
-spec close(recording()) -> [problem()].
close(#{session := Session}) ->
    [{"LTTng did not end the session", beamtap_nif:session_destroy(Session)}].

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
start_error(Native) ->
    beamtap_error:from_native(Native).

%% The catalogue's events that the classes make, the application's marks, payloads where they are asked for, and
%% beamtap's own, as {Event, Class, Channel}.
wanted(Classes, Payload) ->
    of_classes([marks | [payload || not beamtap_payload:is_none(Payload)]] ++ Classes).

of_classes(Classes) ->
    Flags = [<<>> | [atom_to_binary(Class) || Class <- Classes]],
    [Entry || {_, Class, _} = Entry <- beamtap_nif:catalogue(), lists:member(Class, Flags)].

%% A channel that carries only beamtap's own events is one of definitions.
channel(Name, Wanted, #{subbuf_size := Size, num_subbuf := Count}) ->
    case lists:any(fun({_, Class, Channel}) -> Channel =:= Name andalso Class =/= <<>> end, Wanted) of
        true ->
            #{name => Name, subbuf_size => Size, num_subbuf => Count};
        false ->
            #{
                name => Name,
                subbuf_size => ?DEFINITIONS_SUBBUF_SIZE_BYTES,
                num_subbuf => ?DEFINITIONS_NUM_SUBBUF
            }
    end.
