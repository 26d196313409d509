%% @private
%% The life of one tap: opens step by step, records, ends for one reason, closes the same steps in reverse.
%%
%% Each step knows how to take itself back, so a start that fails half way leaves what a stop leaves: nothing. Trace
%% flags are the last thing on and the first thing off. Between the steps of opening the owner's death and a stop are
%% heard. What is set is written into the ledger before it is set, for the janitor.
-module(beamtap_session).
-behaviour(gen_statem).

-export([start_link/1, await/1, stop/2, info/2, ask/2]).
-export([init/1, callback_mode/0, terminate/3, opening/3, recording/3, degraded/3, failed/3]).
-export_type([plan/0, request/0]).

%% Everything decided before the process starts.
-type plan() :: #{
    tap := beamtap:tap(),
    path := binary(),
    session_name := binary(),
    opts := beamtap_spec:checked_opts(),
    wish := beamtap_tracing:wish(),
    wording := beamtap_wording:wording(),
    counting => boolean()
}.
-type request() ::
    {add, beamtap_tracing:wish()}
    | {drop, beamtap_tracing:wish()}
    | pause
    | resume
    | view
    | {snapshot, Label :: binary()}
    | {enable, Event :: binary(), Filter :: binary()}
    | {disable, Event :: binary()}.

%% Whoever started us asks at once how it went; nobody asks when that process has died.
-define(ASKED_WITHIN_MS, 5000).
%% A session that was busy with something else when it was told to end has at least this long for it.
-define(END_MS, 1500).
%% The NIF's guard keeps the deadline; should it fail, this much later the session ends by itself.
-define(GRACE_MS, 500).
%% How often closed chunks beyond those to keep are looked for.
-define(PRUNE_MS, 1000).
%% How often it is looked whether LTTng's daemons are alive, and at every which look the session daemon is asked.
-define(CHECK_MS, 500).
-define(ASK_EVERY, 10).
%% What cannot be done while LTTng does not record. Functions, processes and pauses are the VM's.
-define(NEEDS_LTTNG(Request),
    (element(1, Request) =:= snapshot orelse element(1, Request) =:= enable orelse element(1, Request) =:= disable orelse
        element(1, Request) =:= add)
).

-spec start_link(plan()) -> gen_statem:start_ret().
start_link(Plan) ->
    gen_statem:start_link(?MODULE, Plan, []).

%% @doc Waits until the tap records, or says why it does not; one that is not waited for any longer ends.
-spec await(pid()) -> ok | beamtap_error:error().
await(Session) ->
    case call(Session, await, beamtap_deadline:start()) of
        {error, #{reason := timeout}} = Error ->
            _ = spawn(fun() -> stop(Session, stop) end),
            Error;
        Answer ->
            Answer
    end.

%% @doc Ends the tap; returns when it is closed. When LTTng does not answer it closes all the same, a little later.
-spec stop(pid(), beamtap:ended_by()) -> {ok, beamtap:receipt()} | beamtap_error:error().
stop(Session, EndedBy) ->
    call(Session, {stop, EndedBy}, beamtap_deadline:stop()).

%% @doc What the session is doing now; `busy' when it does not say so within the time given.
-spec info(pid(), Ms :: non_neg_integer()) -> {ok, beamtap:info()} | busy | beamtap_error:error().
info(Session, Ms) ->
    try
        gen_statem:call(Session, info, {clean_timeout, Ms})
    catch
        exit:{timeout, _} -> busy;
        exit:_ -> ended()
    end.

%% @doc Changes what is traced or recorded while it goes on: a change of what is traced answers as {@link info/2}, and
%% after an error it is as before.
-spec ask(pid(), request()) ->
    {ok, beamtap:info()} | {ok, beamtap_watch:view()} | {ok, binary()} | ok | beamtap_error:error().
ask(Session, Request) ->
    call(Session, Request, beamtap_deadline:change()).

call(Session, Request, Deadline) ->
    try
        gen_statem:call(Session, {Request, Deadline}, {clean_timeout, beamtap_deadline:patience_ms()})
    catch
        exit:{timeout, _} ->
            beamtap_error:new(
                timeout,
                "the tap still waits for LTTng's session daemon",
                ["look whether lttng-sessiond is stopped (state T in ps); ", beamtap_wording:either("beamtap:info()", "Beamtap.info()"), " tells how the tap goes on"]
            );
        exit:_ ->
            ended()
    end.

ended() ->
    beamtap_error:new(ended, "the tap has ended", ["see ", beamtap_wording:either("beamtap:info()", "Beamtap.info()")]).

-spec callback_mode() -> gen_statem:callback_mode_result().
callback_mode() -> state_functions.

-spec init(plan()) -> gen_statem:init_result(opening).
init(#{tap := Tap, path := Path, opts := #{owner := Owner} = Opts, wish := Wish, wording := Wording} = Plan) ->
    ok = beamtap_wording:adopt(Wording),
    process_flag(trap_exit, true),
    %% No tap traces a tap, not even one that traces new processes.
    process_flag(sensitive, true),
    ok = beamtap_ledger:write(Tap, #{session => self(), path => Path}),
    ok = beamtap_janitor:watch(self(), Tap),
    Data = Plan#{
        monitor => monitor(process, Owner),
        opened => [],
        waiting => [],
        problems => [],
        deadline => beamtap_deadline:start(),
        tracing => beamtap_tracing:new(Tap, Owner, maps:merge(Wish, maps:with([known_bad], Opts)), maps:with(beamtap_sampling:keys(), Opts))
    },
    ok = soon(steps() -- [Step || maps:get(counting, Plan, false), Step <- [armed, clock]]),
    {ok, opening, Data}.

%% What is to be done next, after all that has come by now: a timeout of 0 would come before it.
soon(Next) ->
    self() ! {?MODULE, soon, Next},
    ok.

%% LTTng's daemon is there before the provider: liblttng-ust looks for it when it is opened. A tap that is not armed
%% counts what it would emit.
-spec steps() -> [beamtap_steps:step()].
steps() ->
    [library, admitted, directory, remains, tap, lttng, provider, recorder, armed, patterns, flags, clock].

%%% States

-spec opening(gen_statem:event_type(), term(), map()) -> gen_statem:event_handler_result(atom()).
opening(info, {?MODULE, soon, []}, #{waiting := Waiting, tap := Tap, path := Path, opts := #{for := For}} = Data) ->
    ok = beamtap_telemetry:started(Tap, Path),
    Grace = [{{timeout, deadline}, For + ?GRACE_MS, over} || is_integer(For)],
    Prune = [prune() || #{opts := #{rotate := #{keep := Keep}}} <- [Data], is_integer(Keep)],
    Replies = [{reply, From, ok} || From <- Waiting],
    {next_state, recording, watching(Data#{waiting := []}), [check(1) | Replies ++ Grace ++ Prune]};
opening(info, {?MODULE, soon, [Step | Rest]}, #{opened := Opened} = Data) ->
    case beamtap_steps:open(Step, Data) of
        {ok, Data1} ->
            ok = soon(Rest),
            {keep_state, Data1#{opened := [Step | Opened]}};
        {error, _} = Error -> abandon(Error, Data)
    end;
opening({call, From}, {await, _}, #{waiting := Waiting} = Data) ->
    {keep_state, Data#{waiting := [From | Waiting]}};
opening({call, From}, info, Data) ->
    {keep_state_and_data, {reply, From, {ok, describe(opening, Data)}}};
opening({call, From}, {{stop, EndedBy}, Deadline}, Data) ->
    finish(EndedBy, [From], Deadline, Data);
opening({call, _}, _, _) ->
    {keep_state_and_data, postpone};
opening(info, Message, Data) ->
    message(Message, Data).

-spec recording(gen_statem:event_type(), term(), map()) -> gen_statem:event_handler_result(atom()).
recording({timeout, check}, Number, #{recording := Recording} = Data) ->
    case beamtap_recording:check(Recording, Number rem ?ASK_EVERY =:= 0) of
        {ok, Checked} ->
            {keep_state, Data#{recording := Checked}, check(Number + 1)};
        {interrupted, Interrupted} ->
            ok = soon(take_up),
            {next_state, degraded, Data#{recording := Interrupted}}
    end;
recording({timeout, prune}, prune, #{recording := Recording}) ->
    ok = beamtap_recording:prune(Recording),
    _ = beamtap_recording:define(),
    {keep_state_and_data, prune()};
recording(Type, Event, Data) ->
    tapping(Type, Event, Data).

%% LTTng records nothing. The VM's flags stay as they are: what is emitted costs next to nothing, and is counted.
-spec degraded(gen_statem:event_type(), term(), map()) -> gen_statem:event_handler_result(atom()).
degraded(state_timeout, take_up, _) ->
    ok = soon(take_up),
    keep_state_and_data;
degraded(info, {?MODULE, soon, take_up}, #{recording := Recording, slot := Slot} = Data) ->
    case beamtap_remake:step(Recording, Slot) of
        {recording, Anew} -> {next_state, recording, beamtap_pause:remind(Data#{recording := Anew}), check(1)};
        {again, Ms, Next} -> {keep_state, Data#{recording := Next}, {state_timeout, Ms, take_up}}
    end;
degraded({timeout, prune}, prune, _) ->
    {keep_state_and_data, prune()};
degraded({call, From}, {Request, _}, #{recording := Recording}) when ?NEEDS_LTTNG(Request) ->
    {keep_state_and_data, {reply, From, beamtap_remake:refuse(Recording)}};
degraded(Type, Event, Data) ->
    tapping(Type, Event, Data).

%% What holds for a tap whether or not it records just now.
tapping({call, From}, {await, _}, _) ->
    {keep_state_and_data, {reply, From, ok}};
tapping({call, From}, info, Data) ->
    {keep_state_and_data, {reply, From, {ok, describe(state(Data), Data)}}};
tapping({call, From}, {{stop, EndedBy}, Deadline}, Data) ->
    finish(EndedBy, [From], Deadline, Data);
tapping({call, From}, {Request, Deadline}, Data) ->
    case change(Request, Deadline, Data) of
        {ok, Data1} -> {keep_state, Data1, {reply, From, {ok, describe(state(Data1), Data1)}}};
        {ok, Answer, Data1} -> {keep_state, Data1, {reply, From, Answer}};
        {answer, Answer} -> {keep_state_and_data, {reply, From, Answer}};
        {error, _} = Error -> {keep_state_and_data, {reply, From, Error}}
    end;
tapping({timeout, deadline}, over, Data) ->
    finish(deadline, [], beamtap_deadline:stop(), Data);
tapping(info, Message, Data) ->
    message(Message, Data).

check(Number) ->
    {{timeout, check}, ?CHECK_MS, Number}.

prune() ->
    {{timeout, prune}, ?PRUNE_MS, prune}.

%% The start failed and nobody has been told yet.
-spec failed(gen_statem:event_type(), term(), map()) -> gen_statem:event_handler_result(atom()).
failed({call, From}, _, #{error := Error} = Data) ->
    {stop_and_reply, normal, {reply, From, Error}, Data};
failed(state_timeout, unasked, _) ->
    stop;
failed(info, _, _) ->
    keep_state_and_data.

message({beamtap_tripped, Slot, Reason}, #{slot := Slot, tap := Tap, path := Path} = Data) ->
    ok = beamtap_telemetry:tripped(Tap, Path, Reason),
    finish(Reason, [], beamtap_deadline:stop(), Data);
message({'DOWN', Monitor, process, _, _}, #{monitor := Monitor} = Data) ->
    finish(owner, [], beamtap_deadline:stop(), Data);
message({'EXIT', Pid, Reason}, #{tracing := Tracing, problems := Problems} = Data) ->
    case beamtap_tracing:lost(Tracing, Pid, Reason) of
        {Left, Said} -> {keep_state, Data#{tracing := Left, problems := [unicode:characters_to_binary(Said) | Problems]}};
        none -> keep_state_and_data
    end;
message({beamtap_piled, From, Words, Stack}, #{tracing := Tracing} = Data) ->
    Done = beamtap_tracing:take_off(Tracing, Words, Stack),
    From ! {beamtap_heard, self()},
    case Done of
        {Piled, Limited} -> {keep_state, beamtap_caveats:piled(Piled, Data#{tracing := Limited})};
        none -> keep_state_and_data
    end;
message({beamtap_loaded, Modules, AtUs}, #{tracing := #{grip := _} = Tracing} = Data) ->
    {Meant, Traced} = beamtap_tracing:loaded(Tracing, Modules),
    Anew = beamtap_caveats:loaded(Meant, AtUs, Data#{tracing := Traced}),
    {keep_state, watching(beamtap_caveats:limits(Tracing, Anew))};
message({beamtap_remains, Recovered}, Data) ->
    {keep_state, Data#{recovered => maps:get(flights, Data, []) ++ Recovered}};
message(_, _) ->
    keep_state_and_data.

-spec terminate(term(), atom(), map()) -> term().
terminate(_Reason, _State, #{closed := true}) ->
    ok;
terminate(_Reason, _State, Data) ->
    %% The application stops, or a step went wrong in a way nobody foresaw: everything is taken back all the same.
    file_receipt(shutdown, beamtap_deadline:stop(), Data).

%% A start that failed: no receipt, the error to whoever waits.
abandon({error, #{reason := Reason}} = Error, #{waiting := Waiting, tap := Tap} = Data) ->
    _ = close_all(beamtap_deadline:undo(Reason), Data),
    ok = beamtap_ledger:strike(Tap),
    Data1 = Data#{closed => true},
    case Waiting of
        [] -> {next_state, failed, Data1#{error => Error}, {state_timeout, ?ASKED_WITHIN_MS, unasked}};
        _ -> {stop_and_reply, normal, [{reply, From, Error} || From <- Waiting], Data1}
    end.

finish(EndedBy, Askers, Deadline, #{waiting := Waiting} = Data) ->
    Receipt = file_receipt(EndedBy, beamtap_deadline:at_least(?END_MS, Deadline), Data),
    Replies =
        [{reply, From, {ok, Receipt}} || From <- Askers] ++
            [{reply, From, beamtap_receipt:refuse(Receipt)} || From <- Waiting],
    {stop_and_reply, normal, Replies, Data#{closed => true}}.

file_receipt(EndedBy, Deadline, #{tap := Tap} = Data) ->
    ok = beamtap_ledger:note(Tap, #{state => closing}),
    Closed = close_all(Deadline, Data#{ended_by => EndedBy}),
    Receipt = beamtap_receipt:make(EndedBy, Closed),
    ok = beamtap_ledger:file_receipt(Tap, Receipt),
    ok = beamtap_telemetry:ended(Receipt),
    ok = beamtap_ledger:strike(Tap),
    Receipt.

close_all(Deadline, #{opened := Opened} = Data) ->
    lists:foldl(fun beamtap_steps:close/2, Data#{opened := [], deadline := Deadline}, Opened).

%% Begins to look for calls that pile up, where they may.
watching(#{stacks := Looker, tracing := Tracing} = Data) ->
    ok = case beamtap_tracing:watches_stacks(Tracing) of
        true -> beamtap_stacks:look(Looker);
        false -> ok
    end,
    Data;
watching(Data) ->
    Data.

state(#{recording := #{remake := _}}) -> degraded;
state(#{recording := #{stalled := _}}) -> degraded;
state(#{tracing := #{is_paused := true}}) -> paused;
state(_) -> recording.

describe(State, #{tap := Tap, path := Path, opts := Opts, tracing := Tracing, problems := Problems} = Data) ->
    Traced = lists:sum([beamtap_steps:traced(Slot) || #{slot := Slot} <- [Data]]),
    Recorded = lists:foldl(fun maps:merge/2, #{}, [beamtap_recording:describe(Known) || #{recording := Known} <- [Data]]),
    maps:merge(
        maps:merge(beamtap_tracing:describe(Tracing), maps:merge(Recorded, maps:with([recovered], Data))),
        (maps:merge(maps:with([for, events, rate, owner], Opts), beamtap_caveats:all(Data)))#{
            problems => lists:reverse(Problems), tap => Tap, state => State, path => Path, traced => Traced, pauses => beamtap_pause:all(Data)
        }
    ).

%%% Changes while it records

change({snapshot, Label}, Deadline, #{recording := Recording}) ->
    {answer, beamtap_recording:snapshot(Recording, Label, Deadline)};
change(view, _, #{session_name := Name, recording := Recording}) ->
    {answer, {ok, #{name => Name, wanted => beamtap_recording:wanted(Recording)}}};
change({enable, Event, Filter}, Deadline, #{recording := Recording} = Data) ->
    recorded(beamtap_recording:enable(Recording, Event, Filter, Deadline), Data);
change({disable, Event}, Deadline, #{recording := Recording} = Data) ->
    recorded(beamtap_recording:disable(Recording, Event, Deadline), Data);
change(pause, _, Data) ->
    {ok, beamtap_pause:pause(Data)};
change(resume, _, Data) ->
    beamtap_pause:resume(Data);
change({drop, Wish}, _, Data) ->
    changed(fun(Tracing) -> beamtap_tracing:drop(Tracing, Wish) end, Data);
change({add, Wish}, Deadline, #{tracing := Tracing} = Data) ->
    %% LTTng comes after: what may not be traced is not to be recorded either.
    case beamtap_tracing:admit(Tracing, Wish) of
        ok -> widen(Wish, Deadline, Data);
        {error, _} = Error -> Error
    end.

widen(#{classes := Classes} = Wish, Deadline, #{recording := Recording} = Data) ->
    case beamtap_recording:widen(Recording, Classes, Deadline) of
        {ok, Wider} -> added(changed(fun(Tracing) -> beamtap_tracing:add(Tracing, Wish) end, Data#{recording := Wider}), Data);
        {error, _} = Error -> Error
    end.

added({ok, Added}, #{tracing := Before}) ->
    {ok, watching(beamtap_caveats:limits(Before, beamtap_caveats:watch_loads(beamtap_caveats:warned(Added))))};
added({error, _} = Error, _) ->
    Error.

changed(Change, #{tracing := Tracing} = Data) ->
    case Change(Tracing) of
        {ok, Changed} -> {ok, Data#{tracing := Changed}};
        {error, _} = Error -> Error
    end.

recorded({ok, Changed}, Data) -> {ok, ok, Data#{recording := Changed}};
recorded({error, _} = Error, _) -> Error.
