%% @doc The taps of this VM by their numbers: those that run and those that ended, and sessions of LTTng's that beamtap did not
%% make. Errors have facts alone; {@link beamtap} words them.
-module(beamtap_taps).

-export([start/2, stop/1, ask/2, change/3, session/1, info/1, all/0, list/0, clear/0]).
-export_type([receipt/0, info/0, without_return/0]).

%% What a tap left.
%%
%% Counts: `traced' are the events of what the tap traced. `emitted' are all events that the VM handed to LTTng meanwhile,
%% `events' the same by name: beside the traced ones these are marks, and `definitions' of beamtap's own. Events that carry
%% counters are not counted. `recorded' of the emitted events are in the trace. `discarded' events found LTTng's buffers
%% full; `lost' packets were overwritten by LTTng. `unknown' stands where LTTng could not be asked. `suppressed' events came
%% after a limit and were not made; `unreadable' ones held a term of unknown form; `truncated' ones had a text cut.
%% `incomplete' has these three by event.
%%
%% Cost: `ns_per_event' is the mean time in nanoseconds that one event took from the traced process. `scheduler_share' is
%% the part of all schedulers' time that all events of the tap took, from 0 to 1. The part of beamtap and LTTng is timed at
%% every 64th event of a kind, of all taps that ran at the time; the VM's own part is measured when the first tap starts.
%% `unknown' stands where too few events came to time one.
%%
%% `bytes' is the size of the trace's files. `problems' has what went wrong on closing.
-type receipt() :: #{
    tap := beamtap:tap(),
    path := binary(),
    ended_by := beamtap:ended_by(),
    events := #{binary() => pos_integer()},
    traced := non_neg_integer(),
    definitions := non_neg_integer(),
    emitted := non_neg_integer(),
    recorded := non_neg_integer() | unknown,
    discarded := non_neg_integer() | unknown,
    lost := non_neg_integer() | unknown,
    suppressed := non_neg_integer(),
    unreadable := non_neg_integer(),
    truncated := non_neg_integer(),
    incomplete := #{binary() => #{suppressed | unreadable | truncated => pos_integer()}},
    bytes := non_neg_integer(),
    %% Each LTTng session: its mode, where it wrote, whether its canary was read back, its losses, or why it was
    %% `interrupted'.
    recordings := [map()],
    %% When nothing was recorded though the tap ran.
    gaps := [beamtap_recording:gap()],
    %% When the tap was paused.
    pauses := [beamtap_caveats:pause()],
    %% What a crash had left in the tap's `shm_path', and where it is now.
    recovered => [beamtap_remains:recovery()],
    duration_ms := non_neg_integer(),
    ns_per_event := float() | unknown,
    scheduler_share := float() | unknown,
    %% Functions that are recorded without returns, and why.
    without_return => without_return(),
    %% Known faults of this OTP release that concern what was traced.
    warnings => [binary()],
    problems := [binary()],
    %% The same as terms: what `without_return', `warnings' and `problems' are made of.
    facts := beamtap_caveats:facts()
}.
-type without_return() :: [#{function := mfa(), why := binary()}].
%% A tap that runs, or with `state => ended' the receipt of one that has ended.
%%
%% A tap that waits for LTTng's session daemon is `busy', or `closing' on its way to its end; it then has `path' and
%% `reason' alone. A tap is `degraded' while LTTng records nothing; `reason' and `remedy' say why and what to do. It goes on
%% by itself, in a further part of its trace, as soon as it can. `for' (milliseconds), `events' and `rate' are its limits.
%% `traced' counts its events so far. `pauses' and `gaps' are the times in which it recorded nothing. `processes' says how
%% many processes and ports were traced when the tap started or was last widened, and how many were left alone since
%% somebody else traces them. The other keys are those of {@link receipt()}.
-type info() :: #{
    tap := beamtap:tap(),
    state := opening | recording | paused | degraded | closing | busy | ended,
    path := binary(),
    for => pos_integer() | infinity,
    events => pos_integer() | infinity | #{binary() => pos_integer()},
    rate => pos_integer() | infinity,
    owner => pid(),
    traced => non_neg_integer(),
    pauses => [beamtap_caveats:pause()],
    classes => [beamtap_spec:class()],
    inherit => [beamtap_spec:inheritance()],
    targets => [beamtap_spec:target()],
    functions => non_neg_integer(),
    processes => beamtap_vm:processes(),
    recovered => [beamtap_remains:recovery()],
    without_return => without_return(),
    warnings => [binary()],
    problems => [binary()],
    facts => beamtap_caveats:facts(),
    atom() => term()
}.

%% How long all taps together have to describe themselves.
-define(TAPS_MS, 3000).
%% And each of them, after others have taken that time.
-define(LEAST_MS, 100).
%% And for the other sessions.
-define(OUTSIDE_MS, 2000).
%% A session that answers has the flags off by then; else clear/0 takes them off itself.
-define(CLEAR_PROMPT_MS, 1000).
%% How long clear/0 waits for a session to close in order before it ends it the hard way.
-define(CLEAR_TIMEOUT_MS, 7500).

%% @doc Starts a tap.
-spec start(beamtap_spec:spec(), beamtap_spec:opts()) -> {ok, beamtap:tap()} | beamtap_error:error().
start(Spec, Opts) ->
    ok = beamtap_sup:faces(),
    case beamtap_vm:unseen(fun() -> beamtap_plan:carry_out(Spec, Opts, #{}) end) of
        {ok, Tap} ->
            ok = beamtap_definitions:introduce(),
            {ok, Tap};
        {error, _} = Error ->
            Error
    end.

%% @doc Ends a tap; one that has ended answers with its receipt again.
-spec stop(term()) -> {ok, beamtap:receipt()} | beamtap_error:error().
stop(Tap) ->
    beamtap_vm:unseen(fun() ->
        case session(Tap) of
            {ok, Session} ->
                case beamtap_session:stop(Session, stop) of
                    {ok, Receipt} -> {ok, beamtap_wording:info(Receipt, erlang)};
                    {error, #{reason := timeout}} = Error -> Error;
                    {error, _} -> receipt(Tap)
                end;
            none ->
                receipt(Tap);
            {error, _} = Error ->
                Error
        end
    end).

%% @doc Asks a tap that runs for something.
-spec ask(term(), beamtap_session:request()) -> {ok, term()} | ok | beamtap_error:error().
ask(Tap, Request) ->
    beamtap_vm:unseen(fun() ->
        case session(Tap) of
            {ok, Session} -> told(beamtap_session:ask(Session, Request));
            none -> refused(receipt(Tap));
            {error, _} = Error -> Error
        end
    end).

told({ok, #{state := _} = Info}) -> {ok, beamtap_wording:info(Info, erlang)};
told(Answer) -> Answer.

refused({ok, Receipt}) -> beamtap_receipt:refuse(Receipt);
refused({error, _} = Error) -> Error.

%% @doc Traces more or less with a tap that runs.
-spec change(add | drop, term(), beamtap_spec:spec()) -> {ok, beamtap:info()} | beamtap_error:error().
change(How, Tap, Spec) ->
    case beamtap_vm:unseen(fun() -> beamtap_plan:wish(beamtap_spec:check_change(Spec)) end) of
        {ok, Wish} -> ask(Tap, {How, Wish});
        {error, _} = Error -> Error
    end.

%% @doc The session of a tap that runs.
-spec session(term()) -> {ok, pid()} | none | beamtap_error:error().
session({tap, Number} = Tap) when is_integer(Number) ->
    case [Session || {Known, #{session := Session}} <- beamtap_ledger:open_entries(), Known =:= Tap] of
        [Session] -> {ok, Session};
        [] -> none
    end;
session(Other) ->
    unknown(Other).

%% A session that ended has filed its receipt; for one that was killed the janitor does.
receipt(Tap) ->
    ok = beamtap_janitor:settle(),
    case beamtap_ledger:receipt(Tap) of
        {ok, Receipt} -> {ok, beamtap_wording:info(Receipt, erlang)};
        none -> unknown(Tap)
    end.

unknown(Value) -> {error, #{reason => unknown_tap, value => Value}}.

%% @doc One tap: what it does, or its receipt.
-spec info(term()) -> {ok, beamtap:info()} | beamtap_error:error().
info({tap, Number} = Tap) when is_integer(Number) ->
    case [Info || #{tap := Known} = Info <- list(), Known =:= Tap] of
        [Info | _] -> {ok, Info};
        [] -> unknown(Tap)
    end;
info(Other) ->
    unknown(Other).

%% @doc All taps and the sessions of others.
-spec all() -> [beamtap:info() | beamtap:outside()].
all() ->
    beamtap_vm:unseen(fun() -> list() ++ beamtap_definitions:outside(?OUTSIDE_MS) end).

%% @doc All taps, oldest first.
-spec list() -> [beamtap:info()].
list() ->
    beamtap_vm:unseen(fun() ->
        %% In this order: a tap that ends meanwhile is then among the ended.
        Running = running(),
        ok = beamtap_janitor:settle(),
        Ended = [beamtap_wording:info(Receipt#{state => ended}, erlang) || Receipt <- beamtap_ledger:receipts()],
        Over = [Tap || #{tap := Tap} <- Ended],
        Ended ++ [Info || #{tap := Tap} = Info <- Running, not lists:member(Tap, Over)]
    end).

%% What each tap that runs says of itself. One that waits for LTTng does not say anything just then.
running() ->
    Deadline = beamtap_deadline:within(?TAPS_MS),
    Left = fun() -> max(?LEAST_MS, beamtap_deadline:remaining(Deadline)) end,
    lists:append([
        case beamtap_session:info(Session, Left()) of
            {ok, Info} -> [beamtap_wording:info(Info, erlang)];
            busy -> [busy(Tap, Entry)];
            {error, _} -> []
        end
     || {Tap, #{session := Session} = Entry} <- beamtap_ledger:open_entries()
    ]).

busy(Tap, Entry) ->
    #{
        tap => Tap,
        state => maps:get(state, Entry, busy),
        path => maps:get(path, Entry),
        reason => <<"waits for LTTng's session daemon">>
    }.

%% @doc Ends everything that beamtap set in this VM.
-spec clear() -> {ok, [beamtap:receipt()]}.
clear() ->
    beamtap_vm:unseen(fun cleared/0).

cleared() ->
    Taps = [Tap || {Tap, _} <- beamtap_ledger:open_entries()],
    Sessions = [{Session, monitor(process, Session)} || Session <- beamtap_ledger:sessions()],
    %% All at once: closing takes LTTng its time.
    _ = [
        spawn(fun() -> beamtap_vm:unseen(fun() -> beamtap_session:stop(Session, clear) end) end)
     || {Session, _} <- Sessions
    ],
    lists:foreach(fun await_end/1, Sessions),
    _ = beamtap_janitor:sweep(),
    ok = beamtap_lttng:dismiss_daemon(),
    {ok, [beamtap_wording:info(Receipt, erlang) || Tap <- Taps, {ok, Receipt} <- [beamtap_ledger:receipt(Tap)]]}.

await_end({Session, Monitor}) ->
    await_end(Monitor, [
        {?CLEAR_PROMPT_MS, fun beamtap_janitor:untrace/0},
        {?CLEAR_TIMEOUT_MS, fun() -> exit(Session, kill) end},
        {infinity, none}
    ]).

await_end(Monitor, [{Timeout, Next} | Rest]) ->
    receive
        {'DOWN', Monitor, process, _, _} -> ok
    after Timeout ->
        _ = Next(),
        await_end(Monitor, Rest)
    end.
