%% @private
%% The process that carries out one tap: a state machine.
%%
%% ```
%% opening ──> recording <──> interrupted
%%    │            │               │
%%    └────────────┴──> closing <──┘
%%                         │
%%                       ended
%% '''
%% - `opening': takes the steps of steps/0, one after another. Each step can be taken back, so a start that fails half way
%%   leaves nothing. Trace flags are set last.
%% - `recording': LTTng records. Twice a second the process looks whether it still does.
%% - `interrupted': LTTng records nothing: a daemon has died, its disk is full, or somebody stopped the LTTng session. The VM
%%   stays traced, which is cheap, and events are counted. The steps of beamtap_interruption lead back to `recording'.
%% - `closing': takes the opened steps back in reverse order, trace flags first.
%% - `ended': the receipt is filed, or the start has failed. Whoever waits is told, and the process exits.
%%
%% Between two steps the process hears its callers, the owner's death, and the limits. What a step sets in the VM is written
%% to the ledger first: if this process is killed, the janitor takes it back from there.
-module(beamtap_session).
-behaviour(gen_statem).

-export([start_link/1, await/1, stop/2, info/2, ask/2]).
-export([init/1, callback_mode/0, terminate/3, opening/3, recording/3, interrupted/3, closing/3, ended/3]).
-export_type([plan/0, request/0]).

%% Everything decided before the process starts. `name' is what the names of the tap's LTTng sessions begin with. A tap that
%% is `counting' emits nothing: it counts the events that it would emit.
-type plan() :: #{
    tap := beamtap:tap(),
    path := binary(),
    name := binary(),
    opts := beamtap_options:checked(),
    wish := beamtap_tracing:wish(),
    counting => boolean()
}.
-type request() :: beamtap_change:request().
-type step() :: beamtap_steps:step() | beamtap_interruption:step().

-record(session, {
    plan :: plan(),
    %% The monitor of the process whose end is the tap's end.
    owner :: reference(),
    %% Steps still to take in this state, next first. In `closing', steps to take back.
    todo :: [step()],
    %% Callers that wait for the start or for the end.
    waiting = [] :: [{await | stop, gen_statem:from()}],
    %% What is open: see beamtap_steps.
    open :: beamtap_steps:open(),
    %% `interrupted': why, and how far it has been taken up again.
    interruption = none :: none | beamtap_interruption:interruption(),
    %% `recording', but LTTng's consumer daemon stands still.
    stalled = none :: none | beamtap_nif:failure(),
    %% `closing': why the tap ends, or why it did not start.
    ended_by = none :: none | beamtap:ended_by(),
    failure = none :: none | beamtap_error:error(),
    %% `ended': what callers are told.
    answer = none :: none | {ok, beamtap_receipt:receipt()} | beamtap_error:error()
}).

%% After a failed start the error is kept so long for a caller that has not asked yet.
-define(ASKED_WITHIN_MS, 5000).
%% Closing gets at least this much time, even if the request to stop has waited long.
-define(END_MS, 1500).
%% The NIF watches the time limit. If that fails, the process ends the tap this much later.
-define(GRACE_MS, 500).
%% How often chunks of a rotated trace are pruned.
-define(PRUNE_MS, 1000).
%% How often LTTng's daemons are checked. Every tenth check asks the session daemon.
-define(CHECK_MS, 500).
-define(ASK_EVERY, 10).

-spec start_link(plan()) -> gen_statem:start_ret().
start_link(Plan) ->
    gen_statem:start_link(?MODULE, Plan, []).

%% @doc Waits until the tap records, or returns why it does not. On a timeout the tap is stopped.
-spec await(pid()) -> ok | beamtap_error:error().
await(Session) ->
    case call(Session, await, beamtap_deadline:start()) of
        {error, #{reason := timeout}} = Error ->
            _ = spawn(fun() -> stop(Session, stop) end),
            Error;
        Answer ->
            Answer
    end.

%% @doc Ends the tap and returns its receipt. If LTTng does not answer in time, the tap closes nevertheless, a little later.
-spec stop(pid(), beamtap:ended_by()) -> {ok, beamtap_receipt:receipt()} | beamtap_error:error().
stop(Session, EndedBy) ->
    call(Session, {stop, EndedBy}, beamtap_deadline:stop()).

%% @doc What the tap does now; `busy' if it does not answer within the time.
-spec info(pid(), Ms :: non_neg_integer()) -> {ok, beamtap:info()} | busy | beamtap_error:error().
info(Session, Ms) ->
    try
        gen_statem:call(Session, info, {clean_timeout, Ms})
    catch
        exit:{timeout, _} -> busy;
        exit:_ -> {error, #{reason => ended}}
    end.

%% @doc Changes what a running tap traces or records. Returns the tap's info if what it traces has changed. After an error the
%% tap is as before.
-spec ask(pid(), request()) ->
    {ok, beamtap:info()} | {ok, beamtap_change:view()} | {ok, binary()} | ok | beamtap_error:error().
ask(Session, Request) ->
    call(Session, Request, beamtap_deadline:change()).

call(Session, Request, Deadline) ->
    try
        gen_statem:call(Session, {Request, Deadline}, {clean_timeout, beamtap_deadline:patience_ms()})
    catch
        exit:{timeout, _} -> {error, #{reason => timeout, what => session}};
        exit:_ -> {error, #{reason => ended}}
    end.

-spec callback_mode() -> gen_statem:callback_mode_result().
callback_mode() -> state_functions.

-spec init(plan()) -> gen_statem:init_result(opening).
init(#{tap := Tap, path := Path, opts := #{owner := Owner}} = Plan) ->
    process_flag(trap_exit, true),
    %% No tap traces a tap, not even one that traces new processes.
    process_flag(sensitive, true),
    ok = beamtap_ledger:write(Tap, #{session => self(), path => Path}),
    ok = beamtap_janitor:watch(self(), Tap),
    Skipped = case Plan of #{counting := true} -> [armed, clock]; #{} -> [] end,
    ok = next(opening),
    {ok, opening, #session{
        plan = Plan,
        owner = monitor(process, Owner),
        todo = beamtap_steps:all() -- Skipped,
        open = beamtap_steps:new(Plan, beamtap_deadline:start())
    }}.

%% The next step is taken after everything that has arrived by now; a timeout of 0 would come first.
next(State) ->
    self() ! {?MODULE, next, State},
    ok.

%%% States

-spec opening(gen_statem:event_type(), term(), #session{}) -> gen_statem:event_handler_result(atom()).
opening(info, {?MODULE, next, opening}, #session{todo = [], plan = Plan, waiting = Waiting, open = Open} = S) ->
    #{tap := Tap, path := Path, opts := #{for := For} = Opts} = Plan,
    ok = beamtap_announcement:started(Tap, Path),
    Grace = [{{timeout, deadline}, For + ?GRACE_MS, over} || is_integer(For)],
    Prune = [prune() || #{rotate := #{keep := Keep}} <- [Opts], is_integer(Keep)],
    Replies = [{reply, From, ok} || {_, From} <- Waiting],
    {next_state, recording, S#session{waiting = [], open = beamtap_steps:watch_stacks(Open)}, [check(1) | Replies ++ Grace ++ Prune]};
opening(info, {?MODULE, next, opening}, #session{todo = [Step | Rest], open = Open} = S) ->
    case beamtap_steps:open(Step, Open) of
        {ok, Opened} ->
            ok = next(opening),
            {keep_state, S#session{todo = Rest, open = Opened}};
        {error, #{reason := Reason}} = Error ->
            close(beamtap_deadline:undo(Reason), S#session{failure = Error})
    end;
opening({call, From}, {await, _}, S) ->
    wait(await, From, S);
opening({call, From}, info, S) ->
    {keep_state_and_data, {reply, From, {ok, describe(opening, S)}}};
opening({call, From}, {{stop, EndedBy}, Deadline}, S) ->
    finish(EndedBy, [{stop, From}], Deadline, S);
opening({call, _}, _, _) ->
    {keep_state_and_data, postpone};
opening(info, Message, S) ->
    message(Message, S).

-spec recording(gen_statem:event_type(), term(), #session{}) -> gen_statem:event_handler_result(atom()).
recording({timeout, check}, Number, #session{open = #{recording := Recording} = Open} = S) ->
    case beamtap_recording:check(Recording, Number rem ?ASK_EVERY =:= 0) of
        {ok, Checked} ->
            {keep_state, S#session{open = Open#{recording := Checked}, stalled = none}, check(Number + 1)};
        {stalled, Failure, Checked} ->
            {keep_state, S#session{open = Open#{recording := Checked}, stalled = Failure}, check(Number + 1)};
        {interrupted, Failure} ->
            {Interruption, Steps} = beamtap_interruption:new(Failure, Recording),
            ok = next(interrupted),
            {next_state, interrupted, S#session{interruption = Interruption, todo = Steps, stalled = none}}
    end;
recording({timeout, prune}, prune, #session{open = #{recording := Recording}}) ->
    ok = beamtap_recording:prune(Recording),
    _ = beamtap_recording:define(),
    {keep_state_and_data, prune()};
recording(Type, Event, S) ->
    running(Type, Event, S).

-spec interrupted(gen_statem:event_type(), term(), #session{}) -> gen_statem:event_handler_result(atom()).
interrupted(state_timeout, step, _) ->
    ok = next(interrupted),
    keep_state_and_data;
interrupted(info, {?MODULE, next, interrupted}, #session{todo = [Step | Rest], interruption = Interruption, open = Open} = S) ->
    #{recording := Recording, slot := Slot, caveats := Caveats} = Open,
    case beamtap_interruption:step(Step, Interruption, Recording, Slot) of
        {ok, _, Recovered} when Rest =:= [] ->
            %% The new part of the trace does not know yet that the tap is paused.
            Reminded = Open#{recording := Recovered, caveats := beamtap_caveats:remind(Caveats)},
            {next_state, recording, S#session{open = Reminded, interruption = none, todo = []}, check(1)};
        {ok, Next, Changed} ->
            ok = next(interrupted),
            {keep_state, S#session{todo = Rest, interruption = Next, open = Open#{recording := Changed}}};
        {retry, Steps, Ms, Next, Changed} ->
            {keep_state, S#session{todo = Steps, interruption = Next, open = Open#{recording := Changed}}, {state_timeout, Ms, step}}
    end;
interrupted({timeout, prune}, prune, _) ->
    {keep_state_and_data, prune()};
interrupted({call, From} = Type, {Request, _} = Event, #session{interruption = Interruption, open = #{recording := Recording}} = S) ->
    case beamtap_change:needs_lttng(Request) of
        true -> {keep_state_and_data, {reply, From, beamtap_interruption:refuse(Interruption, Recording)}};
        false -> running(Type, Event, S)
    end;
interrupted(Type, Event, S) ->
    running(Type, Event, S).

%% What `recording' and `interrupted' have in common.
running({call, From}, {await, _}, _) ->
    {keep_state_and_data, {reply, From, ok}};
running({call, From}, info, S) ->
    {keep_state_and_data, {reply, From, {ok, describe(S)}}};
running({call, From}, {{stop, EndedBy}, Deadline}, S) ->
    finish(EndedBy, [{stop, From}], Deadline, S);
running({call, From}, {Request, Deadline}, #session{open = Open} = S) ->
    case beamtap_change:make(Request, Deadline, Open) of
        {info, Changed} ->
            S1 = S#session{open = beamtap_steps:watch_stacks(Changed)},
            {keep_state, S1, {reply, From, {ok, describe(S1)}}};
        {Answer, Changed} ->
            {keep_state, S#session{open = Changed}, {reply, From, Answer}}
    end;
running({timeout, deadline}, over, S) ->
    finish(deadline, [], beamtap_deadline:stop(), S);
running(info, Message, S) ->
    message(Message, S).

-spec closing(gen_statem:event_type(), term(), #session{}) -> gen_statem:event_handler_result(atom()).
closing(info, {?MODULE, next, closing}, #session{todo = []} = S) ->
    case filed(S) of
        #session{waiting = [], failure = {error, _}} = Filed ->
            {next_state, ended, Filed, {state_timeout, ?ASKED_WITHIN_MS, unasked}};
        #session{waiting = Waiting} = Filed ->
            {stop_and_reply, normal, [{reply, From, answer(What, Filed)} || {What, From} <- Waiting], Filed}
    end;
closing(info, {?MODULE, next, closing}, S) ->
    ok = next(closing),
    {keep_state, close_step(S)};
closing({call, From}, info, S) ->
    {keep_state_and_data, {reply, From, {ok, describe(closing, S)}}};
closing({call, From}, {await, _}, S) ->
    wait(await, From, S);
closing({call, From}, {{stop, _}, _}, S) ->
    wait(stop, From, S);
closing({call, _}, _, _) ->
    {keep_state_and_data, postpone};
closing(info, {beamtap_remains, _} = Message, S) ->
    message(Message, S);
closing(info, {beamtap_piled, From, _, _}, _) ->
    From ! {beamtap_heard, self()},
    keep_state_and_data;
closing(_, _, _) ->
    keep_state_and_data.

%% A start that failed before anybody waited for it.
-spec ended(gen_statem:event_type(), term(), #session{}) -> gen_statem:event_handler_result(atom()).
ended({call, From}, _, #session{answer = Answer} = S) ->
    {stop_and_reply, normal, {reply, From, Answer}, S};
ended(state_timeout, unasked, _) ->
    stop;
ended(_, _, _) ->
    keep_state_and_data.

-spec terminate(term(), atom(), #session{}) -> term().
terminate(_, _, #session{answer = none, todo = Todo, ended_by = EndedBy, failure = Failure} = S) when EndedBy =/= none; Failure =/= none ->
    %% The application stops while the tap closes.
    filed(lists:foldl(fun(_, Closing) -> close_step(Closing) end, S, Todo));
terminate(_, _, #session{answer = none} = S) ->
    %% The application stops, or a step failed in an unforeseen way. Everything is taken back all the same.
    #session{todo = Todo} = Ending = begin_close(beamtap_deadline:stop(), S#session{ended_by = shutdown}),
    filed(lists:foldl(fun(_, Closing) -> close_step(Closing) end, Ending, Todo));
terminate(_, _, _) ->
    ok.

wait(What, From, #session{waiting = Waiting} = S) ->
    {keep_state, S#session{waiting = [{What, From} | Waiting]}}.

check(Number) -> {{timeout, check}, ?CHECK_MS, Number}.

prune() -> {{timeout, prune}, ?PRUNE_MS, prune}.

%%% Messages

message({beamtap_tripped, Slot, Reason}, #session{open = #{slot := Slot}, plan = #{tap := Tap, path := Path}} = S) ->
    ok = beamtap_announcement:tripped(Tap, Path, Reason),
    finish(Reason, [], beamtap_deadline:stop(), S);
message({'DOWN', Owner, process, _, _}, #session{owner = Owner} = S) ->
    finish(owner, [], beamtap_deadline:stop(), S);
message({'EXIT', Pid, Reason}, #session{open = Open} = S) ->
    {keep_state, S#session{open = beamtap_steps:lost(Pid, Reason, Open)}};
message({beamtap_piled, From, Words, Stack}, #session{open = Open} = S) ->
    Limited = beamtap_steps:piled(Words, Stack, Open),
    From ! {beamtap_heard, self()},
    {keep_state, S#session{open = Limited}};
message({beamtap_loaded, Modules, AtUs}, #session{open = Open} = S) ->
    {keep_state, S#session{open = beamtap_steps:loaded(Modules, AtUs, Open)}};
message({beamtap_remains, Recovered}, #session{open = Open} = S) ->
    {keep_state, S#session{open = Open#{recovered => maps:get(flights, Open, []) ++ Recovered}}};
message(_, _) ->
    keep_state_and_data.

%%% The end

finish(EndedBy, Askers, Deadline, #session{waiting = Waiting} = S) ->
    close(beamtap_deadline:at_least(?END_MS, Deadline), S#session{ended_by = EndedBy, waiting = Askers ++ Waiting}).

close(Deadline, S) ->
    ok = next(closing),
    {next_state, closing, begin_close(Deadline, S)}.

begin_close(Deadline, #session{plan = #{tap := Tap}, open = #{opened := Opened} = Open, ended_by = EndedBy} = S) ->
    ok = beamtap_ledger:note(Tap, #{state => closing}),
    S#session{todo = Opened, open = Open#{deadline := Deadline, ended_by => EndedBy}}.

close_step(#session{todo = [recorder | Rest], interruption = Interruption, open = Open} = S) when Interruption =/= none ->
    %% There is nothing to count or define. What is half made goes.
    #{recording := Recording, deadline := Deadline} = Open,
    S#session{todo = Rest, open = Open#{recording := beamtap_interruption:give_up(Interruption, Recording, Deadline)}};
close_step(#session{todo = [Step | Rest], open = Open} = S) ->
    case beamtap_steps:close(Step, Open) of
        {interrupted, Failure, #{recording := Recording} = Found} ->
            {Interruption, _} = beamtap_interruption:new(Failure, Recording),
            close_step(S#session{interruption = Interruption, open = Found});
        Closed ->
            S#session{todo = Rest, open = Closed}
    end.

filed(#session{plan = #{tap := Tap}, failure = {error, _} = Error} = S) ->
    ok = beamtap_ledger:strike(Tap),
    S#session{answer = Error};
filed(#session{plan = #{tap := Tap}, open = Open, ended_by = EndedBy} = S) ->
    Receipt = beamtap_receipt:make(EndedBy, Open),
    ok = beamtap_ledger:file_receipt(Tap, Receipt),
    ok = beamtap_announcement:ended(Receipt),
    ok = beamtap_ledger:strike(Tap),
    S#session{answer = {ok, Receipt}}.

answer(_, #session{answer = {error, _} = Error}) -> Error;
answer(stop, #session{answer = Answer}) -> Answer;
answer(await, #session{answer = {ok, Receipt}}) -> beamtap_receipt:refuse(Receipt).

%%% What the user is told

describe(#session{interruption = #{}} = S) -> describe(degraded, S);
describe(#session{stalled = {error, _}} = S) -> describe(degraded, S);
describe(#session{open = #{tracing := #{is_paused := true}}} = S) -> describe(paused, S);
describe(S) -> describe(recording, S).

describe(State, #session{open = Open} = S) ->
    maps:merge((beamtap_steps:describe(Open))#{state => State}, reason(S)).

reason(#session{interruption = #{} = Interruption, open = #{recording := Recording}}) ->
    beamtap_interruption:describe(Interruption, Recording);
reason(#session{stalled = {error, {_, Reason, Remedy}}}) ->
    #{reason => Reason, advice => Remedy};
reason(_) ->
    #{}.
