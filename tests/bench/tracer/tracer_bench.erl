%% What one traced event costs: beamtap against the VM's own floor and against the tracers people use.
%%
%% All variants of a workload run in turn, round after round, in one VM and one LTTng session; medians are compared.
-module(tracer_bench).
-export([main/1, traced/1]).

%% `otp': the events of OTP that the same operation makes.
-record(workload, {name, flags, pattern = true, events, otp, count, operation}).

main([Label]) ->
    Provider = provider(Label),
    ok = ready(Provider),
    io:format("~nSession: ~s. ~b rounds; ns of CPU time per operation.~n", [Label, rounds()]),
    io:format("floor = null tracer + a bare tracepoint of LTTng's own making per event; x = ratio to it, medians.~n"),
    [table(Workload, Provider) || Workload <- workloads()],
    cpu_time(),
    parallel(),
    ok.

provider("otp") -> otp;
provider(_) -> typed.

workloads() ->
    [
        #workload{name = "call", flags = [call], events = [<<"call">>],
            otp = ["function_call"], count = 200000, operation = fun calls/1},
        #workload{
            name = "call + return", flags = [call], pattern = [{'_', [], [{return_trace}]}],
            events = [<<"call">>, <<"return_from">>], otp = ["function_call", "function_return"], count = 200000, operation = fun calls/1
        },
        #workload{
            name = "send + receive", flags = [send, 'receive'], events = [<<"send">>, <<"receive">>],
            otp = ["message_send", "message_receive"], count = 100000, operation = fun messages/1
        },
        #workload{
            name = "in + out", flags = [running], events = [<<"in">>, <<"out">>],
            otp = ["process_scheduled", "process_scheduled"], count = 50000, operation = fun yields/1
        },
        #workload{
            name = "spawn + exit", flags = [procs, set_on_spawn],
            events = [<<"spawn">>, <<"spawned">>, <<"exit">>], otp = ["process_spawn", "process_exit"], count = 10000, operation = fun spawns/1
        },
        #workload{
            name = "gc start + end", flags = [garbage_collection],
            events = [<<"gc_major_start">>, <<"gc_major_end">>], otp = ["gc_major_start", "gc_major_end"], count = 10000, operation = fun collections/1
        }
    ].

calls(0) -> ok;
calls(N) ->
    traced(N),
    calls(N - 1).

traced(X) -> X.

messages(0) -> ok;
messages(N) ->
    self() ! N,
    receive
        N -> messages(N - 1)
    end.

yields(0) -> ok;
yields(N) ->
    erlang:yield(),
    yields(N - 1).

spawns(0) -> ok;
spawns(N) ->
    {Pid, Ref} = spawn_monitor(fun() -> ok end),
    receive
        {'DOWN', Ref, process, Pid, _} -> spawns(N - 1)
    end.

collections(0) -> ok;
collections(N) ->
    erlang:garbage_collect(),
    collections(N - 1).

%% The provider through the NIF, and a tracer state that no limit binds.
ready(Provider) ->
    {module, _} = code:ensure_loaded(beamtap_nif),
    {module, _} = code:ensure_loaded(bench_nif),
    ok = beamtap_native:load_provider(),
    await(Provider).

await(typed) ->
    Events = lists:usort(lists:append([E || #workload{events = E} <- workloads()])),
    ok = beamtap_nif:await_enabled(Events, 10000);
await(otp) ->
    %% LTTng switches all events of the provider on at once, and tells nobody; the tracer's answer shows when.
    case beamtap_nif:enabled_call(call, 0, self()) of
        trace -> ok;
        discard -> erlang:yield(), await(otp)
    end.

rounds() -> list_to_integer(os:getenv("BENCH_ROUNDS", "15")).

%% Nanoseconds of the tracepoints of a workload without a VM around them, taken anew in every round: as a program has
%% them that follows LTTng's manual, and as beamtap's provider has them.
bare(typed, Workload) -> tracepoints("BENCH_DIR", "bench_typed.so", "bench_typed", typed, Workload);
bare(otp, Workload) -> tracepoints("BENCH_DIR", "bench_otp.so", "bench_otp", otp, Workload).

ours(typed, Workload) ->
    tracepoints("BEAMTAP_NATIVE_DIR", "libbeamtap_provider.so", "beamtap_provider", typed, Workload);
ours(otp, Workload) ->
    tracepoints("BEAMTAP_NATIVE_DIR", "libbeamtap_provider_otp.so", "beamtap_provider_otp", otp, Workload).

tracepoints(Where, Library, Symbol, Provider, Workload) ->
    Path = filename:join(os:getenv(Where), Library),
    {Catalogue, Text, Events} = events(Provider, Workload),
    N = 100000,
    lists:sum([
        nanoseconds(Path, Symbol, length(Catalogue), index(Event, Catalogue, 0), Text, N) / N
     || Event <- Events
    ]).

nanoseconds(Path, Symbol, Count, Kind, Text, N) ->
    case bench_nif:tracepoint(Path, Symbol, Count, Kind, Text, N) of
        %% LTTng switches the events of a library on some time after it was opened, and tells nobody.
        error -> erlang:yield(), nanoseconds(Path, Symbol, Count, Kind, Text, N);
        Ns -> Ns
    end.

events(typed, #workload{events = Events}) ->
    {[Event || {Event, _, _} <- beamtap_nif:catalogue()], "", Events};
events(otp, #workload{otp = Events}) ->
    {string:lexemes(os:getenv("BENCH_OTP_EVENTS"), " "), "tracer_bench:traced/1", Events}.

index(Event, [Event | _], I) -> I;
index(Event, [_ | Rest], I) -> index(Event, Rest, I + 1).

table(#workload{name = Name} = Workload, Provider) ->
    Variants = variants(),
    Rounds = [
        {[measure(Workload, Tracer) || {_, Tracer} <- Variants], bare(Provider, Workload), ours(Provider, Workload)}
     || _ <- lists:seq(1, rounds())
    ],
    Bares = [B || {_, B, _} <- Rounds],
    Column = fun(I) -> [lists:nth(I, Row) || {Row, _, _} <- Rounds] end,
    Floor = median(Column(3)) + median(Bares),
    io:format("~n~-28s ~10s ~10s ~8s~n", [Name, "median", "minimum", "x floor"]),
    [
        row(Label, Column(I), Floor)
     || {I, {Label, _}} <- lists:zip(lists:seq(1, length(Variants)), Variants)
    ],
    row("bare tracepoints", Bares, Floor),
    row("beamtap's tracepoints", [O || {_, _, O} <- Rounds], Floor),
    row_value("floor", Floor, lists:min(Column(3)) + lists:min(Bares), 1.0).

row(Label, Values, Floor) ->
    row_value(Label, median(Values), lists:min(Values), median(Values) / Floor).

row_value(Label, Median, Minimum, Ratio) ->
    io:format("  ~-26s ~10.1f ~10.1f ~8.2f~n", [Label, Median, Minimum, Ratio]).

variants() ->
    [
        {"untraced", none},
        {"breakpoint, not traced", breakpoint},
        {"null tracer", {bench_nif, 0}},
        {"beamtap", {beamtap_nif, 0}},
        {"process tracer (sender)", process},
        {"file port", file}
        | [{"OTP's dyntrace", {dyntrace, []}} || erlang:system_info(dynamic_trace) =:= lttng]
    ].

%% Runs the workload's operation in a process of its own under the tracer; ns of its scheduler's CPU time per operation.
measure(Workload, Tracer) -> measure(Workload, Tracer, 1).

measure(#workload{flags = Flags, pattern = Pattern, count = Count, operation = Operation}, Tracer, Scheduler) ->
    erlang:trace_pattern({?MODULE, traced, 1}, Tracer =/= none andalso Pattern, [local]),
    Self = self(),
    Worker = spawn_opt(
        fun() ->
            receive
                go -> ok
            end,
            Operation(Count div 50),
            T0 = bench_nif:thread_ns(),
            Operation(Count),
            T1 = bench_nif:thread_ns(),
            Self ! {self(), (T1 - T0) / Count}
        end,
        [link, {min_heap_size, 10000}, {scheduler, Scheduler}]
    ),
    Stop = attach(Worker, Flags, Tracer),
    Worker ! go,
    Result =
        receive
            {Worker, Ns} -> Ns
        end,
    Stop(),
    Result.

attach(_, _, Tracer) when Tracer =:= none; Tracer =:= breakpoint ->
    fun() -> ok end;
attach(Worker, Flags, process) ->
    Sink = spawn_opt(fun sink/0, [{scheduler, 2}]),
    erlang:trace(Worker, true, [{tracer, Sink}, arity | Flags]),
    fun() -> drained(Sink) end;
attach(Worker, Flags, file) ->
    Port = (dbg:trace_port(file, filename:join(os:getenv("BENCH_DIR"), "trace.bin")))(),
    erlang:trace(Worker, true, [{tracer, Port}, arity | Flags]),
    fun() -> port_close(Port) end;
attach(Worker, Flags, {Module, State}) ->
    erlang:trace(Worker, true, [{tracer, Module, State}, arity | Flags]),
    fun() -> ok end.

sink() ->
    receive
        {drained, From} -> From ! drained;
        _ -> sink()
    end.

drained(Sink) ->
    Sink ! {drained, self()},
    receive
        drained -> ok
    end.

%% CPU time of the whole VM per traced call: what the process tracer's receiver takes is in it.
cpu_time() ->
    #workload{count = Count} = Call = hd(workloads()),
    Cpu = fun(Tracer) ->
        {Before, _} = statistics(runtime),
        [measure(Call, Tracer) || _ <- lists:seq(1, 10)],
        {After, _} = statistics(runtime),
        (After - Before) * 1000000 / (10 * Count)
    end,
    Rounds = [{Cpu({beamtap_nif, 0}), Cpu(process)} || _ <- lists:seq(1, 5)],
    {Ours, Process} = {median([A || {A, _} <- Rounds]), median([B || {_, B} <- Rounds])},
    io:format("~nCPU time of the VM per traced call: beamtap ~.1f ns, process tracer ~.1f ns, ratio ~.2f~n", [
        Ours, Process, Ours / Process
    ]).

%% Two processes on two schedulers: how the cost of an event grows.
parallel() ->
    Call = hd(workloads()),
    Both = fun(Tracer) ->
        Self = self(),
        Pids = [spawn_link(fun() -> Self ! {self(), measure(Call, Tracer, N)} end) || N <- [1, 2]],
        median([
            receive
                {Pid, Ns} -> Ns
            end
         || Pid <- Pids
        ])
    end,
    Rounds = [
        {measure(Call, {bench_nif, 0}), Both({bench_nif, 0}), measure(Call, {beamtap_nif, 0}), Both({beamtap_nif, 0})}
     || _ <- lists:seq(1, rounds())
    ],
    [Null1, Null2, Ours1, Ours2] = [median([element(I, R) || R <- Rounds]) || I <- [1, 2, 3, 4]],
    io:format("~ntwo schedulers: null tracer ~.1f -> ~.1f ns (x ~.2f), beamtap ~.1f -> ~.1f ns (x ~.2f)~n", [
        Null1, Null2, Null2 / Null1, Ours1, Ours2, Ours2 / Ours1
    ]).

median(Values) ->
    lists:nth((length(Values) + 1) div 2, lists:sort(Values)).
