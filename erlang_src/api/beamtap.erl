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
%% A tap is always limited. It stops after 10 s or 1,000,000 events unless told otherwise, when its owner exits, and on
%% {@link clear/0}. Arguments, messages and results stay in the VM unless the option `payload' asks for them.
%%
%% An error is `{error, #{reason := Reason, message := Message, remedy := Remedy}}': what is wrong, and what to do. The map
%% also has the facts of its reason, such as `option' and `value' for `bad_option'.
-module(beamtap).

-export([start/1, start/2, stop/1, info/0, info/1, clear/0]).
-export([mark/1, span/2]).
-export([add/2, drop/2, pause/1, resume/1, estimate/1, estimate/2]).
-export([snapshot/2, enable_event/2, enable_event/3, disable_event/2]).
-export([watch/1, watch/2]).
-export([report/1, report/2, events/1, events/2, traces/0, doctor/0, tracer/0, load_provider/0]).
-export_type([tap/0, receipt/0, info/0, outside/0, ended_by/0]).

%% The number is unique for the life of the VM and can be typed again.
-type tap() :: {tap, pos_integer()}.
-type ended_by() :: stop | events | rate | deadline | owner | clear | panics | shutdown | killed.
%% What a tap left: see {@link beamtap_taps:receipt()}.
-type receipt() :: beamtap_taps:receipt().
%% What a tap does, or its receipt with `state => ended': see {@link beamtap_taps:info()}.
-type info() :: beamtap_taps:info().
%% An LTTng session that beamtap did not make: its name, whether it records (`unknown' while the session daemon does not
%% answer), where it writes, and which of this VM's events it has enabled, by name or pattern.
-type outside() :: beamtap_definitions:outside().

%% @equiv start(Spec, #{})
-spec start(beamtap_spec:spec()) -> {ok, tap()} | beamtap_error:error().
start(Spec) ->
    start(Spec, #{}).

%% @doc Starts tracing Spec, for no longer than the limits in Opts.
%%
%% ```
%% {ok, Long} = beamtap:start("lists:seq(A, B) when B > 1000 -> return", #{for => 5000}), beamtap:stop(Long).
%% {ok, Both} = beamtap:start([procs, {orddict, fetch, 2}]), beamtap:stop(Both).
%% {ok, Server} = beamtap:start(#{functions => my_server, classes => [send, 'receive'], targets => my_server, for => 5000}).
%% '''
%% Spec is a function, a class, a list of these, or a map with `functions', `classes' and `targets'. The map may hold the
%% options, too:
%% <ul>
%% <li>A function is a text as {@link beamtap_pattern} reads it, with what is recorded besides its calls behind ` -> ';
%% `{Module, Function, Arity}' with ``'_' '' for anything; `fun Module:Function/Arity'; a module; `{app, Name}'; or
%% `{behaviour, Name}'.</li>
%% <li>A class is a flag of `erlang:trace/3': `send', ``'receive' '', `procs', `running', `exiting', `garbage_collection',
%% `return_to', `ports', `running_ports'; or one of the whole VM: `system_monitor', `schedulers', `allocators', `seq_trace'.
%% `set_on_spawn' and the like pass flags on to other processes. `return' and `exception' apply to every function
%% named.</li>
%% <li>Targets are `all', `new', `existing', a pid, a port, a registered name, `{app, Name}', `{supervisor, Name}',
%% `{initial_call, {M, F, A}}', or a list of these.</li>
%% </ul>
%% Options:
%% <ul>
%% <li>`for': milliseconds from the moment it records (10 s); `events' (1,000,000); `rate': events per second (no limit).
%% To disable one of these limits, pass `infinity'.</li>
%% <li>`payload' (`none'): `size', `{text, Bytes}', or a map of these for `arguments', `return_values', `messages',
%% `exit_reasons'.</li>
%% <li>`output': a directory that is new or empty (one below `~/lttng-traces', or below `$BEAMTAP_TRACES').</li>
%% <li>`owner': the process whose exit ends the tap (the caller; for a call from another node, the node itself).</li>
%% <li>`known_bad' (`refuse'): `allow' also starts what is known to crash this OTP release. {@link doctor/0} lists it.</li>
%% <li>`mode' (`local'): `snapshot', `live' and others; `buffers', `subbuf_size', `num_subbuf', `on_full', `buffers_per',
%% `switch_timer', `files', `rotate', `shm_path', `trace_format': see {@link beamtap_mode}.</li>
%% <li>`system_monitor': thresholds; `sample_every': milliseconds (1000): see {@link beamtap_options}.</li>
%% </ul>
%% A function that makes a tail call to itself is recorded without `return', since each such call would leave a frame on
%% its process's stack. `info/1', receipt and report say which functions and why. `return!' records their returns, too.
%% Modules that are loaded while the tap runs are traced from then on; the report says what was missed.
%%
%% Returns when LTTng records. The tap stops at a limit, when the owner exits, and on clear/0. After an error nothing
%% stays traced.
%%
%% Up to seven taps run at the same time. Two taps cannot record the same events of the same process: the process stays
%% with the first, and the second counts it as `left'. Where the process was named, or where both taps want all new
%% processes, the answer is `{error, #{reason := traced_by_tap, tap := Tap}}'. Before OTP 27 a process has one tracer for
%% all events, and the processes of all taps show the calls of all taps' functions. LTTng knows events, not taps: while
%% two taps record the same class, the trace of each holds the events of both.
%%
%% A shell's process is replaced when an expression fails in it. To keep the tap, name an owner that lives longer, such as
%% `whereis(init)'. That is the owner where `rpc', `erpc' or `erl_call' calls from another node.
-spec start(beamtap_spec:spec(), beamtap_spec:opts()) -> {ok, tap()} | beamtap_error:error().
start(Spec, Opts) ->
    worded(beamtap_taps:start(Spec, Opts)).

%% @equiv estimate(Spec, #{})
-spec estimate(beamtap_spec:spec()) -> {ok, beamtap_estimate:estimate()} | beamtap_error:error().
estimate(Spec) ->
    estimate(Spec, #{}).

%% @doc Estimates what start(Spec, Opts) would record and cost. Counts events for a second, or for `for' milliseconds,
%% without recording them. Then records a function of beamtap's own, to measure what one event costs on this machine, and
%% removes that trace. Returns cannot be counted without recording: they are taken to be as many as calls.
%%
%% ```
%% {ok, #{events_per_second := Events, scheduler_share := _}} = beamtap:estimate("lists:seq/2", #{for => 100}), is_number(Events).
%% '''
-spec estimate(beamtap_spec:spec(), beamtap_spec:opts()) -> {ok, beamtap_estimate:estimate()} | beamtap_error:error().
estimate(Spec, Opts) ->
    worded(beamtap_estimate:run(Spec, Opts)).

%% @doc Adds functions, classes, flags of inheritance or targets to a tap that runs, in the form of start/2's Spec. What is
%% left out stays as it is. Answers with the tap's info. After an error the tap is as before.
%%
%% ```
%% {ok, Tap} = beamtap:start("lists:seq/2").
%% {ok, #{functions := 2}} = beamtap:add(Tap, "lists:reverse/1 -> return").
%% {ok, #{classes := [call, procs]}} = beamtap:add(Tap, procs).
%% '''
-spec add(tap(), beamtap_spec:spec()) -> {ok, info()} | beamtap_error:error().
add(Tap, Spec) ->
    worded(beamtap_taps:change(add, Tap, Spec)).

%% @doc Takes functions, classes or targets away from a tap that runs. A function is also taken out of a wider pattern,
%% whatever its arguments, and a process out of a wider target.
%%
%% ```
%% {ok, Tap} = beamtap:start("lists:_").
%% {ok, #{functions := _}} = beamtap:drop(Tap, "lists:seq/2").
%% '''
-spec drop(tap(), beamtap_spec:spec()) -> {ok, info()} | beamtap_error:error().
drop(Tap, Spec) ->
    worded(beamtap_taps:change(drop, Tap, Spec)).

%% @doc Removes a tap's trace flags until resume/1: nothing is recorded and nothing costs time. Its limit in time runs on.
%% Reports leave out calls and times across the pause and say how long it was.
%%
%% ```
%% {ok, Tap} = beamtap:start("lists:seq/2").
%% {ok, #{state := paused}} = beamtap:pause(Tap).
%% {ok, #{state := recording}} = beamtap:resume(Tap).
%% '''
-spec pause(tap()) -> {ok, info()} | beamtap_error:error().
pause(Tap) ->
    worded(beamtap_taps:ask(Tap, pause)).

%% @doc Sets the trace flags of a paused tap again, on what its targets are now.
-spec resume(tap()) -> {ok, info()} | beamtap_error:error().
resume(Tap) ->
    worded(beamtap_taps:ask(Tap, resume)).

%% @equiv watch(Tap, #{})
-spec watch(tap()) -> ok | beamtap_error:error().
watch(Tap) ->
    watch(Tap, #{}).

%% @doc Shows the events of a tap that runs as lines in the shell, until you press return or the tap ends. The tap runs on
%% after return.
%%
%% ```
%% 13:52:07.104225 <0.87.0> lists:seq/2
%% 13:52:07.104231 <0.87.0> lists:seq/2 -> _
%% … 1,234 more
%% '''
%% Arguments, results and messages are shown as far as the tap's option `payload' has them. `lines' is how many events are
%% shown per second (100); a line of its own counts the others. `syntax => elixir' writes names and terms as Elixir does.
%% `colour' is `auto', `true' or `false'. The lines go to the caller's group leader; in a remote shell that is the terminal
%% in front of it. Events of the caller and of its group leader are not shown.
%%
%% While you watch, events cost about twice: LTTng records each one again, for a relay daemon on 127.0.0.1 that ends with
%% the watch. Classes that are added meanwhile appear in the next watch. Events of another tap that records the same class
%% are shown, too.
-spec watch(tap(), beamtap_watch:opts()) -> ok | beamtap_error:error().
watch(Tap, Opts) ->
    worded(beamtap_watch:run(Tap, Opts)).

%% @doc Stops a tap and says what it recorded and lost. A tap that has ended answers with its receipt again.
%%
%% ```
%% {ok, Tap} = beamtap:start("lists:seq/2").
%% [1, 2, 3] = lists:seq(1, 3).
%% {ok, #{ended_by := stop, discarded := 0, lost := 0, path := _}} = beamtap:stop(Tap).
%% {ok, #{ended_by := stop}} = beamtap:stop(Tap).
%% '''
-spec stop(tap()) -> {ok, receipt()} | beamtap_error:error().
stop(Tap) ->
    worded(beamtap_taps:stop(Tap)).

%% @doc Lists the taps that run and those that ended lately, oldest first. After them come LTTng sessions that beamtap did
%% not make, from `lttng create' for example, and that have events of this VM enabled (`beamtap:*',
%% `org_erlang_dyntrace:*'), recording or not: `#{state := outside, session := Name}'.
%%
%% ```
%% {ok, Tap} = beamtap:start("lists:seq/2").
%% [Tap] = [Running || #{tap := Running, state := recording} <- beamtap:info()].
%% '''
-spec info() -> [info() | outside()].
info() ->
    beamtap_taps:all().

%% @doc What a tap does, or its receipt.
-spec info(tap()) -> {ok, info()} | beamtap_error:error().
info(Tap) ->
    worded(beamtap_taps:info(Tap)).

%% @doc Ends everything that beamtap set in this VM, and nothing else; works also when a session does not answer. Also ends
%% a session daemon that was kept for the next tap. Answers with the receipts of the taps it ended.
%%
%% ```
%% {ok, _} = beamtap:start(procs).
%% {ok, [#{ended_by := clear}]} = beamtap:clear().
%% '''
-spec clear() -> {ok, [receipt()]}.
clear() ->
    beamtap_taps:clear().

%% @doc Writes what a flight recorder (`#{mode => snapshot}') holds: the newest events that fit its buffers. The tap goes on
%% recording.
%%
%% Answers with the directory, a complete trace for {@link report/1} and beamtapd, named after Label with date, time and
%% number; or with the URL of the relay daemon that has it. Label is a name without `/'.
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
        beamtap_taps:ask(Tap, {snapshot, Text})
    end).

%% @equiv enable_event(Tap, Event, <<>>)
-spec enable_event(tap(), unicode:chardata()) -> ok | beamtap_error:error().
enable_event(Tap, Event) ->
    enable_event(Tap, Event, <<>>).

%% @doc Has LTTng record an event of the catalogue (`"call"', see docs/EVENTS.md). Filter, in LTTng's filter language over
%% the event's fields (`"bytes > 1000"'), says which. What the VM traces does not change: an event whose class the tap does
%% not have does not come.
%%
%% ```
%% {ok, Tap} = beamtap:start(garbage_collection).
%% ok = beamtap:disable_event(Tap, "gc_minor_start").
%% ok = beamtap:enable_event(Tap, "gc_minor_end", "heap_words > 10000").
%% '''
-spec enable_event(tap(), unicode:chardata(), unicode:chardata()) -> ok | beamtap_error:error().
enable_event(Tap, Event, Filter) ->
    with_text(Event, event, fun(Name) ->
        with_text(Filter, filter, fun(Expression) -> beamtap_taps:ask(Tap, {enable, Name, Expression}) end)
    end).

%% @doc Has LTTng no longer record an event. Emitting it then costs nothing either.
-spec disable_event(tap(), unicode:chardata()) -> ok | beamtap_error:error().
disable_event(Tap, Event) ->
    with_text(Event, event, fun(Name) -> beamtap_taps:ask(Tap, {disable, Name}) end).

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

%% @doc Prints the events, one a line, as {@link watch/1} does while they happen: the last 100, unless the options say
%% otherwise. For a tap that runs, these are the events that LTTng has written so far. Options: `pid' and `event', one or
%% several; `around' a time, with `within' (10 ms); ``'begin' '', ``'end' ''; `last', a number, a duration, or `infinity';
%% `syntax' and `colour' as for {@link watch/2}. Times are as for {@link report/2}, or of day: `"13:52:07.104"'.
%%
%% ```
%% {ok, Tap} = beamtap:start("lists:seq/2 -> return").
%% [1, 2, 3] = lists:seq(1, 3).
%% {ok, _} = beamtap:stop(Tap).
%% ok = beamtap:events(Tap, #{pid => self(), last => 10}).
%% '''
-spec events(beamtap_report:what(), beamtap_report:event_opts()) -> ok | beamtap_error:error().
events(What, Opts) ->
    worded(beamtap_report:events(What, Opts)).

%% @doc Lists beamtap's traces below `~/lttng-traces' or `$BEAMTAP_TRACES', the newest first: path, node, bytes, when each
%% began and changed last, and whether its tap still runs. `beamtapd traces' lists them, too, and removes old ones on
%% request.
%%
%% With `{keep, Keep}' in beamtap's environment each tap that ends removes traces beyond it: Keep is a map of `number' (so
%% many, the newest), `bytes' (so many of the newest) and `age' (milliseconds since the last change), or a number alone.
%% Otherwise nothing is removed. A trace whose tap runs, or that is not beamtap's, is never removed.
%%
%% ```
%% {ok, Traces} = beamtap:traces(), true = is_list(Traces).
%% '''
-spec traces() -> {ok, [beamtap_traces:trace()]} | beamtap_error:error().
traces() ->
    worded(beamtap_traces:list()).

%% @doc Checks everything a tap needs and prints what it finds. Answers with the gravest verdict;
%% {@link beamtap_doctor:rows/1} has the findings as terms.
-spec doctor() -> ok | warning | error.
doctor() ->
    beamtap_doctor:run(erlang).

%% @doc beamtap's tracer for `dbg:tracer(module, beamtap:tracer())' and `erlang:trace(..., [{tracer, M, S}])'. It emits
%% whatever LTTng has enabled, in a tap's session or in one made with `lttng'. It has no limit.
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

%% @doc Puts a text on the timeline of every tap that records and of every LTTng session that enables `beamtap:mark'. Any
%% process may call it. Where nobody records, it costs the call of a native function.
%%
%% Text is what `io:put_chars/1' takes, or an atom; any other term is written as the shell writes it. A text longer than
%% 1024 bytes is cut and ends with `…'.
%%
%% ```
%% ok = beamtap:mark("orders loaded").
%% '''
-spec mark(unicode:chardata() | atom() | term()) -> ok.
mark(Text) ->
    case erlang:module_loaded(beamtap_nif) of
        true -> beamtap_nif:mark(Text);
        %% Nobody can record before it is loaded.
        false -> ok
    end.

%% @doc Runs Fun and puts its begin and its end on the timeline; answers with its result, or raises what it raises. Name is
%% as the text of {@link mark/1}.
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

with_text(Given, What, Act) ->
    Text = try unicode:characters_to_binary(Given) catch error:_ -> error end,
    case is_binary(Text) of
        true -> worded(Act(Text));
        false -> worded({error, #{reason => bad_text, what => What, value => Given}})
    end.

worded(Answer) -> beamtap_wording:word(Answer, erlang).
