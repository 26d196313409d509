%% @doc Traces what a running VM does, through LTTng, at a cost a production system can pay.
%%
%% ```
%% 1> {ok, Tap} = beamtap:start("lists:seq/2 -> return", #{for => 5000}).
%% {ok,{tap,1}}
%% 2> lists:seq(1, 10).
%% [1,2,3,4,5,6,7,8,9,10]
%% 3> {ok, Receipt} = beamtap:stop(Tap).
%% 4> beamtap:report(Tap).
%% '''
%% A tap always has a bound: it ends by itself after 10 s or 1,000,000 events unless told otherwise, when its owner
%% ends, and on {@link clear/0}. Arguments, messages and results of the traced code stay
%% in the VM unless the option `payload' asks for them.
-module(beamtap).

-export([start/1, start/2, stop/1, info/0, info/1, clear/0]).
-export([mark/1, span/2]).
-export([add/2, drop/2, pause/1, resume/1, estimate/1, estimate/2]).
-export([snapshot/2, enable_event/2, enable_event/3, disable_event/2]).
-export([watch/1, watch/2]).
-export([report/1, report/2, events/1, events/2, traces/0, doctor/0, tracer/0, load_provider/0]).
-export_type([tap/0, receipt/0, info/0, outside/0, ended_by/0]).

%% The number is the tap's for the life of the VM and can be typed again.
-type tap() :: {tap, pos_integer()}.
-type ended_by() :: stop | events | rate | deadline | owner | clear | panics | shutdown | killed.
%% What a tap left. `traced': events of what it traced. `emitted': what the VM handed to LTTng meanwhile, and `events' the
%% same by name; beside what this and other taps traced these are marks and beamtap's own `definitions'. Events that carry
%% counters are in no sum. `recorded' of
%% those emitted are in the trace.
%% `discarded': events for which LTTng's buffers had no room; `lost': packets that LTTng overwrote; `unknown' when LTTng
%% could not be asked. `suppressed': events that came after a limit, and were not made; `unreadable': that held a term of
%% unknown form; `truncated': emitted with a text cut. `incomplete': these three by event, where there were any.
%% `ns_per_event': nanoseconds of a traced process's time that one event took, in the mean; `scheduler_share': what all the
%% tap's events took of the time of all schedulers together, from 0 to 1. Of it, beamtap's and LTTng's part is timed at
%% every 64th event of a kind, of all taps that ran at the time; the VM's own part is that of a call traced by nobody,
%% measured when the first tap starts. `unknown' where too few events came for any to be timed.
%% `bytes': the trace's files. `problems': what went wrong on closing.
-type receipt() :: #{
    tap := tap(),
    path := binary(),
    ended_by := ended_by(),
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
    %% Each LTTng session: its mode, where it wrote, whether its canary was read back, and its losses, or why it was
    %% `interrupted'.
    recordings := [map()],
    %% The times in which nothing was recorded though the tap ran.
    gaps := [beamtap_recording:gap()],
    %% And those in which it was paused.
    pauses := [beamtap_caveats:pause()],
    %% What a crash had left in the tap's `shm_path', and where it is now.
    recovered => [beamtap_remains:recovery()],
    duration_ms := non_neg_integer(),
    ns_per_event := float() | unknown,
    scheduler_share := float() | unknown,
    %% Functions whose calls are recorded, but not how they end, and why.
    without_return => beamtap_returns:told(),
    %% What is known to go wrong in this release of the VM with what was traced.
    warnings => [binary()],
    problems := [binary()]
}.
%% A tap that runs, or the receipt of one that has ended with `state => ended'. One that LTTng's session daemon keeps
%% waiting is `busy' or, on its way to its end, `closing'; it says no more then than `path' and the `reason'. A tap
%% is `degraded' while LTTng records nothing, for the `reason' and with the `remedy' given: it is taken up again as soon as
%% that can be, in a further part of its trace. `for' (milliseconds) and `events' are
%% its bounds, `traced' the events of what it traces so far; `pauses' and `gaps' the times in which it recorded nothing;
%% `processes' says how many processes and ports were found and traced when it
%% started or was last widened, and how many were left because somebody else traces them. `recovered': what a crash had
%% left in the tap's `shm_path', and what has become of it. `without_return': functions whose calls are recorded, but not how
%% they end, and why; `warnings': what is known to go wrong in this release of the VM with what is traced; `problems': what else it does not have though it was asked for.
-type info() :: #{
    tap := tap(),
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
    without_return => beamtap_returns:told(),
    warnings => [binary()],
    problems => [binary()],
    atom() => term()
}.
%% An LTTng session that beamtap did not make: its name, whether it records (`unknown' while the session daemon does not
%% answer), where it writes, and which of this VM's events it has enabled, by name or pattern.
-type outside() :: beamtap_definitions:outside().

%% A session that answers has the flags off by then; else clear/0 takes them off itself.
-define(CLEAR_PROMPT_MS, 1000).
%% How long clear/0 waits for a session to close in order before it ends it the hard way.
-define(CLEAR_TIMEOUT_MS, 7500).

%% @equiv start(Spec, #{})
-spec start(beamtap_spec:spec()) -> {ok, tap()} | beamtap_error:error().
start(Spec) ->
    start(Spec, #{}).

%% @doc Starts tracing what Spec names, for no longer than the bounds in Opts.
%%
%% ```
%% {ok, Long} = beamtap:start("lists:seq(A, B) when B > 1000 -> return", #{for => 5000}), beamtap:stop(Long).
%% {ok, Both} = beamtap:start([procs, {orddict, fetch, 2}]), beamtap:stop(Both).
%% {ok, Server} = beamtap:start(#{functions => my_server, classes => [send, 'receive'], targets => my_server, for => 5000}).
%% '''
%% Spec is a function, a class, a list of these, or a map with `functions', `classes' and `targets', which may hold the
%% options, too:
%% <ul>
%% <li>a function is a text as {@link beamtap_pattern} reads it, with what is to be recorded besides its calls behind
%% ` -> ', `{Module, Function, Arity}' with ``'_' '' for anything, `fun Module:Function/Arity', a module, `{app, Name}', or
%% `{behaviour, Name}';</li>
%% <li>a class is a flag of `erlang:trace/3': `send', ``'receive' '', `procs', `running', `exiting', `garbage_collection',
%% `return_to', `ports', `running_ports'; or, of the whole VM, `system_monitor', `schedulers', `allocators', `seq_trace';
%% `set_on_spawn' and its like hand them on; `return' and `exception' apply to every function named;</li>
%% <li>targets are `all', `new', `existing', a pid, a port, a registered name, `{app, Name}', `{supervisor, Name}',
%% `{initial_call, {M, F, A}}', or a list of these.</li>
%% </ul>
%% Options:
%% <ul>
%% <li>`for': milliseconds from the moment it records (10 s); `events' (1,000,000); `rate': events per second (no limit). `infinity' must be said.</li>
%% <li>`payload' (`none'): `size', `{text, Bytes}', or a map of these for `arguments', `return_values', `messages',
%% `exit_reasons'.</li>
%% <li>`output': a directory that is new or empty (one below `~/lttng-traces', or below `$BEAMTAP_TRACES').</li>
%% <li>`owner': the process whose end ends the tap (the caller; for a call from another node, the node itself).</li>
%% <li>`known_bad' (`refuse'): `allow' starts what is known to crash this release of the VM, too; {@link doctor/0} has it.</li>
%% <li>`mode' (`local'): `snapshot', `live' and others; `buffers', `subbuf_size', `num_subbuf', `on_full', `buffers_per',
%% `switch_timer', `files', `rotate', `shm_path', `trace_format': see {@link beamtap_mode}.</li>
%% <li>`system_monitor': thresholds; `sample_every': milliseconds (1000): see {@link beamtap_sampling}.</li>
%% </ul>
%% A function that is called again before it returns, by a last call, is recorded without `return': each such call would
%% leave a frame on its process's stack. `info/1', receipt and report say which and why; `return!' records it all the same.
%% Modules that are loaded while it runs are traced from then on; what is missed is told.
%%
%% Returns when LTTng records. Stops by itself when a bound is reached, when the owner (the caller, unless Opts names
%% another) ends, and on clear/0. After an error nothing is left traced.
%%
%% Up to seven taps run side by side, as long as they do not want the same events of the same process: such a process
%% stays with the tap that has it and is counted as `left', and where it was named, or where both want all processes to
%% come, the answer is `{error, #{reason := traced_by_tap, tap := Tap}}'. Before OTP 27 a process has one tracer
%% whatever the events, and all taps' processes show the calls of all taps' functions. LTTng knows events, not taps:
%% while two taps record the same class, the trace of each holds the events of both.
%%
%% The process behind a shell's prompt is replaced when an expression fails there: name an owner that lives longer, such
%% as `whereis(init)'. That is the owner where `rpc', `erpc' or `erl_call' calls from another node: the process that carries
%% out such a call ends with it, so the tap ends at its bounds, by stop/1 or by clear/0.
-spec start(beamtap_spec:spec(), beamtap_spec:opts()) -> {ok, tap()} | beamtap_error:error().
start(Spec, Opts) ->
    case beamtap_vm:unseen(fun() -> beamtap_plan:carry_out(Spec, Opts, #{}) end) of
        {ok, Tap} ->
            ok = beamtap_definitions:introduce(),
            {ok, Tap};
        {error, _} = Error ->
            worded(Error)
    end.

%% @equiv estimate(Spec, #{})
-spec estimate(beamtap_spec:spec()) -> {ok, beamtap_estimate:estimate()} | beamtap_error:error().
estimate(Spec) ->
    estimate(Spec, #{}).

%% @doc Foretells what start(Spec, Opts) would record and cost. Events are counted for a second, or for the time of the
%% option `for' in milliseconds, and not recorded; then a function of beamtap's own is recorded, to measure what one
%% event costs on this machine. Traces are removed again. A function's returns cannot be counted without recording:
%% where they are asked for, there are as many as calls.
%%
%% ```
%% {ok, #{events_per_second := Events, scheduler_share := _}} = beamtap:estimate("lists:seq/2", #{for => 100}), is_number(Events).
%% '''
-spec estimate(beamtap_spec:spec(), beamtap_spec:opts()) -> {ok, beamtap_estimate:estimate()} | beamtap_error:error().
estimate(Spec, Opts) ->
    worded(beamtap_estimate:run(Spec, Opts)).

%% @doc Traces more with a tap that runs: functions, classes, flags of inheritance, targets, in the form of start/2's
%% spec. What is left out stays as it is; without targets the new classes apply to those that the tap has.
%% Answers with the tap's info. After an error the tap is as before.
%%
%% ```
%% {ok, Tap} = beamtap:start("lists:seq/2").
%% {ok, #{functions := 2}} = beamtap:add(Tap, "lists:reverse/1 -> return").
%% {ok, #{classes := [call, procs]}} = beamtap:add(Tap, procs).
%% '''
-spec add(tap(), beamtap_spec:spec()) -> {ok, info()} | beamtap_error:error().
add(Tap, Spec) ->
    change(Tap, Spec, add).

%% @doc Traces less with a tap that runs. A function that is part of a wider pattern is taken out of it, whatever its
%% arguments; so is a process that a wider target stands for.
%%
%% ```
%% {ok, Tap} = beamtap:start("lists:_").
%% {ok, #{functions := _}} = beamtap:drop(Tap, "lists:seq/2").
%% '''
-spec drop(tap(), beamtap_spec:spec()) -> {ok, info()} | beamtap_error:error().
drop(Tap, Spec) ->
    change(Tap, Spec, drop).

change(Tap, Spec, How) ->
    case beamtap_vm:unseen(fun() -> beamtap_plan:wish(beamtap_spec:check_change(Spec)) end) of
        {ok, Wish} -> ask(Tap, {How, Wish});
        {error, _} = Error -> worded(Error)
    end.

%% @doc Takes a tap's trace flags off: nothing is recorded and nothing costs time until resume/1. Calls and times across
%% the pause are not counted in reports, which say how long it was. Its bound in time
%% runs on.
%%
%% ```
%% {ok, Tap} = beamtap:start("lists:seq/2").
%% {ok, #{state := paused}} = beamtap:pause(Tap).
%% {ok, #{state := recording}} = beamtap:resume(Tap).
%% '''
-spec pause(tap()) -> {ok, info()} | beamtap_error:error().
pause(Tap) ->
    ask(Tap, pause).

%% @doc Sets the trace flags of a paused tap again, on what its targets stand for now.
-spec resume(tap()) -> {ok, info()} | beamtap_error:error().
resume(Tap) ->
    ask(Tap, resume).

ask(Tap, Request) ->
    worded(beamtap_vm:unseen(fun() -> with_session(Tap, fun(Session) -> beamtap_session:ask(Session, Request) end) end)).

with_session({tap, Number} = Tap, Act) when is_integer(Number) ->
    case session_of(Tap) of
        {ok, Session} ->
            Act(Session);
        none ->
            case receipt(Tap) of
                {ok, Receipt} -> beamtap_receipt:refuse(Receipt);
                {error, _} = Error -> Error
            end
    end;
with_session(Other, _) ->
    unknown_tap(Other).

%% @equiv watch(Tap, #{})
-spec watch(tap()) -> ok | beamtap_error:error().
watch(Tap) ->
    watch(Tap, #{}).

%% @doc Shows what a tap that runs records, as lines in the shell, until return is pressed or the tap ends. The tap runs
%% on after return.
%%
%% ```
%% 13:52:07.104225 <0.87.0> lists:seq/2
%% 13:52:07.104231 <0.87.0> lists:seq/2 -> _
%% … 1,234 more
%% '''
%% Arguments, results and messages are there as far as the tap's option `payload' has them. A second shows 100 events, or
%% as many as `lines' says; a line of its own tells how many more there were. `syntax => elixir' writes names and terms
%% as Elixir does; `colour' is `auto', `true' or `false'. The lines go to the caller's group leader: over a remote
%% shell, to the terminal in front of it. What the caller and its group leader do themselves is not shown.
%%
%% While it is watched, LTTng records each event once more, for a relay daemon on 127.0.0.1 that ends with the watch:
%% events cost about twice. Classes that are added meanwhile are seen by the next watch. LTTng knows events, not taps:
%% where another tap records the same class, its events are seen, too.
-spec watch(tap(), beamtap_watch:opts()) -> ok | beamtap_error:error().
watch(Tap, Opts) ->
    worded(with_session(Tap, fun(Session) -> beamtap_watch:run(Session, Opts, Tap) end)).

%% @doc Ends a tap in order and says what it recorded and lost. A tap that has ended answers with its receipt again.
%%
%% ```
%% {ok, Tap} = beamtap:start("lists:seq/2").
%% [1, 2, 3] = lists:seq(1, 3).
%% {ok, #{ended_by := stop, discarded := 0, lost := 0, path := _}} = beamtap:stop(Tap).
%% {ok, #{ended_by := stop}} = beamtap:stop(Tap).
%% '''
-spec stop(tap()) -> {ok, receipt()} | beamtap_error:error().
stop(Tap) ->
    worded(beamtap_vm:unseen(fun() -> stopped(Tap) end)).

stopped({tap, Number} = Tap) when is_integer(Number) ->
    case session_of(Tap) of
        {ok, Session} ->
            case beamtap_session:stop(Session, stop) of
                {ok, Receipt} -> {ok, Receipt};
                {error, #{reason := timeout}} = Error -> Error;
                {error, _} -> receipt(Tap)
            end;
        none ->
            receipt(Tap)
    end;
stopped(Other) ->
    unknown_tap(Other).

%% @doc All taps: those that run and those that ended lately, oldest first. After them the LTTng sessions that beamtap did
%% not make, from `lttng create' on the command line for example, and that have events of this VM's enabled
%% (`beamtap:*', `org_erlang_dyntrace:*'), recording or not: `#{state := outside, session := Name}'.
%%
%% ```
%% {ok, Tap} = beamtap:start("lists:seq/2").
%% [Tap] = [Running || #{tap := Running, state := recording} <- beamtap:info()].
%% '''
-spec info() -> [info() | outside()].
info() ->
    beamtap_vm:unseen(fun beamtap_info:all/0).

%% @doc One tap: what it does, or its receipt.
-spec info(tap()) -> {ok, info()} | beamtap_error:error().
info({tap, Number} = Tap) when is_integer(Number) ->
    case [Info || #{tap := Known} = Info <- beamtap_vm:unseen(fun beamtap_info:taps/0), Known =:= Tap] of
        [Info | _] -> {ok, Info};
        [] -> worded(unknown_tap(Tap))
    end;
info(Other) ->
    worded(unknown_tap(Other)).

%% @doc Ends everything that beamtap set in this VM, and nothing else; works also when a session does not answer. A
%% session daemon that was kept for the next tap ends, too. Answers with the receipts of the taps it ended.
%%
%% ```
%% {ok, _} = beamtap:start(procs).
%% {ok, [#{ended_by := clear}]} = beamtap:clear().
%% '''
-spec clear() -> {ok, [receipt()]}.
clear() ->
    beamtap_vm:unseen(fun cleared/0).

cleared() ->
    Taps = [Tap || {Tap, _} <- beamtap_ledger:open_entries()],
    Sessions = [{Session, monitor(process, Session)} || Session <- sessions()],
    %% All at once: closing takes LTTng its time.
    _ = [
        spawn(fun() -> beamtap_vm:unseen(fun() -> beamtap_session:stop(Session, clear) end) end)
     || {Session, _} <- Sessions
    ],
    lists:foreach(fun await_end/1, Sessions),
    _ = beamtap_janitor:sweep(),
    ok = beamtap_lttng:dismiss_daemon(),
    {ok, [Receipt || Tap <- Taps, {ok, Receipt} <- [beamtap_ledger:receipt(Tap)]]}.

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

%% @doc Writes what a flight recorder (`#{mode => snapshot}') holds: the newest events that fit its buffers.
%%
%% Answers with the directory, a complete trace for {@link report/1} and beamtapd, named after Label with date, time and
%% number; or with the URL of the relay daemon it was sent to. The tap goes on recording. Label is a name without `/'.
%%
%% ```
%% {ok, Recorder} = beamtap:start("lists:seq/2", #{mode => snapshot, for => infinity, events => infinity}).
%% [1, 2, 3] = lists:seq(1, 3).
%% {ok, Directory} = beamtap:snapshot(Recorder, "slow_order").
%% ok = beamtap:report(Directory).
%% '''
-spec snapshot(tap(), unicode:chardata()) -> {ok, binary()} | beamtap_error:error().
snapshot(Tap, Label) ->
    with_text(Label, label, fun(Text) ->
        ok = beamtap_definitions:introduce(),
        ask(Tap, {snapshot, Text})
    end).

%% @equiv enable_event(Tap, Event, <<>>)
-spec enable_event(tap(), unicode:chardata()) -> ok | beamtap_error:error().
enable_event(Tap, Event) ->
    enable_event(Tap, Event, <<>>).

%% @doc Lets LTTng record an event of the catalogue (`"call"', see docs/EVENTS.md) from now on; with a Filter, in LTTng's
%% filter language over the event's fields (`"bytes > 1000"'), where it holds. The VM traces what it traced before: an
%% event whose class the tap does not have does not come.
%%
%% ```
%% {ok, Tap} = beamtap:start(garbage_collection).
%% ok = beamtap:disable_event(Tap, "gc_minor_start").
%% ok = beamtap:enable_event(Tap, "gc_minor_end", "heap_words > 10000").
%% '''
-spec enable_event(tap(), unicode:chardata(), unicode:chardata()) -> ok | beamtap_error:error().
enable_event(Tap, Event, Filter) ->
    with_text(Event, event, fun(Name) ->
        with_text(Filter, filter, fun(Expression) ->
            ask(Tap, {enable, Name, Expression})
        end)
    end).

%% @doc Lets LTTng record an event no more; emitting it costs nothing any more either.
-spec disable_event(tap(), unicode:chardata()) -> ok | beamtap_error:error().
disable_event(Tap, Event) ->
    with_text(Event, event, fun(Name) -> ask(Tap, {disable, Name}) end).

%% @equiv report(What, #{})
-spec report(beamtap_report:what()) -> ok | beamtap_error:error().
report(What) ->
    report(What, #{}).

%% @doc Prints where the time went in an ended tap, given as tap or receipt, or in the trace in a directory. Options:
%% `top', rows of each table (20; in JSON all); `sort', the column to sort by; ``'begin' '' and ``'end' '', milliseconds since
%% the trace's begin, or a text (`"1.5s"', `"2026-11-23T12:41:49.7Z"'); `functions' or `processes' for that table alone;
%% `json'.
%%
%% ```
%% {ok, Tap} = beamtap:start("lists:seq/2 -> return").
%% [1, 2, 3] = lists:seq(1, 3).
%% {ok, #{path := Path}} = beamtap:stop(Tap).
%% ok = beamtap:report(Tap).
%% ok = beamtap:report(Path, #{functions => true, sort => max, top => 5}).
%% '''
-spec report(beamtap_report:what(), beamtap_report:opts()) -> ok | beamtap_error:error().
report(What, Opts) ->
    worded(beamtap_report:print(What, Opts)).

%% @equiv events(What, #{})
-spec events(beamtap_report:what()) -> ok | beamtap_error:error().
events(What) ->
    events(What, #{}).

%% @doc Prints the events themselves, one a line with names, as {@link watch/1} does while they happen: the last 100, unless
%% the options say otherwise. Of a tap that runs, what LTTng has written by now. Options: `pid' and `event', one or several;
%% `around' a time, with `within' (10 ms); ``'begin' '', ``'end' ''; `last', a number, a duration, or `infinity'; `syntax' and
%% `colour' as for {@link watch/2}. Times are as for {@link report/2}, or of day: `"13:52:07.104"'.
%%
%% ```
%% {ok, Tap} = beamtap:start("lists:seq/2 -> return").
%% [1, 2, 3] = lists:seq(1, 3).
%% {ok, _} = beamtap:stop(Tap).
%% ok = beamtap:events(Tap, #{pid => self(), last => 10}).
%% '''
-spec events(beamtap_report:what(), beamtap_events:opts()) -> ok | beamtap_error:error().
events(What, Opts) ->
    worded(beamtap_events:print(What, Opts)).

%% @doc The traces of beamtap's below `~/lttng-traces' or `$BEAMTAP_TRACES', the newest first: where each is, of which node,
%% its bytes, when it began and changed last, and whether its tap still runs. `beamtapd traces' lists them, too, and removes
%% old ones on request.
%%
%% With `{keep, Keep}' in beamtap's environment each tap that ends removes the traces beyond it: Keep is a map of `number'
%% (so many, the newest), `bytes' (so many of the newest) and `age' (milliseconds since the last change), or a number alone.
%% Without it nothing is removed. A trace whose tap runs, or that is not beamtap's, is never removed.
%%
%% ```
%% {ok, Traces} = beamtap:traces(), true = is_list(Traces).
%% '''
-spec traces() -> {ok, [beamtap_traces:trace()]} | beamtap_error:error().
traces() ->
    worded(beamtap_traces:list()).

%% @doc Looks at everything a tap needs and prints what it finds. Answers with the gravest verdict;
%% {@link beamtap_doctor:rows/0} has the findings as terms.
-spec doctor() -> ok | warning | error.
doctor() ->
    Rows = beamtap_doctor:rows(),
    ok = beamtap_doctor:print(Rows),
    beamtap_doctor:worst(Rows).

%% @doc beamtap's tracer for `dbg:tracer(module, beamtap:tracer())' and `erlang:trace(..., [{tracer, M, S}])'. It emits
%% whatever LTTng has enabled, in a tap's session or in one made with `lttng'. No bound applies to it.
-spec tracer() -> {beamtap_nif, 0} | beamtap_error:error().
tracer() ->
    case load_provider() of
        ok -> {beamtap_nif, 0};
        {error, _} = Error -> Error
    end.

%% @doc Makes this VM and its events known to LTTng without a tap, for sessions made with `lttng'.
-spec load_provider() -> ok | beamtap_error:error().
load_provider() ->
    worded(beamtap_native:load_provider()).

%% @doc Puts a text on the timeline of whatever records: every tap, and sessions that enable `beamtap:mark'. Works from
%% any process; costs a call of a native function where nobody records.
%%
%% Text is what `io:put_chars/1' takes, or an atom; any other term is written as the shell writes it. What is longer than
%% 1024 bytes is cut and ends with `…'.
%%
%% ```
%% ok = beamtap:mark("orders loaded").
%% '''
-spec mark(unicode:chardata() | atom() | term()) -> ok.
mark(Text) ->
    case erlang:module_loaded(beamtap_nif) of
        true -> beamtap_nif:mark(Text);
        %% Nobody can record what is not there yet.
        false -> ok
    end.

%% @doc Runs Fun and puts its beginning and its end on the timeline; answers with its result, or raises what it raises.
%% Name is as the text of {@link mark/1}.
%%
%% ```
%% 10 = beamtap:span("sum", fun() -> lists:sum([1, 2, 3, 4]) end).
%% '''
-spec span(unicode:chardata() | atom() | term(), fun(() -> Result)) -> Result.
span(Name, Fun) when is_function(Fun, 0) ->
    case erlang:module_loaded(beamtap_nif) andalso beamtap_nif:span_begin(Name) of
        Span when is_integer(Span), Span > 0 -> within(Span, Fun);
        _ -> Fun()
    end.

within(Span, Fun) ->
    try Fun() of
        Result ->
            ok = beamtap_nif:span_end(Span, returned),
            Result
    catch
        Class:Reason:Stack ->
            ok = beamtap_nif:span_end(Span, Class),
            erlang:raise(Class, Reason, Stack)
    end.

%%% Within

sessions() ->
    beamtap_ledger:sessions().

session_of(Tap) ->
    case [Session || {Known, #{session := Session}} <- beamtap_ledger:open_entries(), Known =:= Tap] of
        [Session] -> {ok, Session};
        [] -> none
    end.

with_text(Given, What, Act) ->
    try unicode:characters_to_binary(Given) of
        Text when is_binary(Text) -> Act(Text);
        _ -> no_text(Given, What)
    catch
        error:_ -> no_text(Given, What)
    end.

no_text(Given, What) ->
    worded({error, #{reason => bad_text, what => What, value => Given}}).

%% A session that ended has filed its receipt; for one that was killed the janitor does.
receipt(Tap) ->
    ok = beamtap_janitor:settle(),
    case beamtap_ledger:receipt(Tap) of
        {ok, Receipt} -> {ok, Receipt};
        none -> unknown_tap(Tap)
    end.

unknown_tap(Value) -> {error, #{reason => unknown_tap, value => Value}}.

worded(Answer) -> beamtap_wording:word(Answer, erlang).
