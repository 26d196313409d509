%% Tracing toggled item by item, and the page of observer_cli that does it.
-module(beamtap_toggle_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_testcase/2, end_per_testcase/2]).
-export([items_on_and_off/1, processes_on_and_off/1, patterns_overlap/1, nothing_but_a_process/1, errors_change_nothing/1, bounds_switch_off/1, listing/1]).
-export([searching/1, observer_cli_contract/1, observer_cli_off/1, observer_cli_itself/1]).
%% Traced
-export([work/1]).
-export([sleep/0]).

suite() -> [{timetrap, {minutes, 2}}].

all() ->
    [
        items_on_and_off,
        processes_on_and_off,
        patterns_overlap,
        nothing_but_a_process,
        errors_change_nothing,
        bounds_switch_off,
        listing,
        searching,
        observer_cli_contract,
        observer_cli_off
    ].

init_per_suite(Config) ->
    {ok, _} = application:ensure_all_started(beamtap),
    Traces = filename:join(proplists:get_value(priv_dir, Config), "traces"),
    true = os:putenv("BEAMTAP_TRACES", Traces),
    Config.

end_per_suite(_) ->
    true = os:unsetenv("BEAMTAP_TRACES"),
    application:stop(beamtap).

init_per_testcase(_, Config) ->
    {ok, none} = beamtap_toggle:off(),
    beamtap_sessiond:begin_case(Config).

end_per_testcase(_, Config) ->
    {ok, _} = beamtap_toggle:off(),
    beamtap_sessiond:end_case(Config).

items_on_and_off(_) ->
    Worker = worker(),
    Other = worker(),
    {ok, on} = beamtap_toggle:toggle({function, "beamtap_toggle_SUITE:work/1 -> return"}),
    [Tap] = running(),
    3 = ask(Other, 1),
    {ok, on} = beamtap_toggle:toggle({process, Worker}),
    %% What is on is of this process only.
    3 = ask(Worker, 1),
    3 = ask(Other, 1),
    {ok, on} = beamtap_toggle:toggle({class, send}),
    [_, _, _] = beamtap_toggle:items(),
    3 = ask(Worker, 1),
    %% The same function in other words is the same item.
    {ok, off} = beamtap_toggle:toggle({function, {{?MODULE, work, 1}, return}}),
    3 = ask(Worker, 1),
    [{process, Worker}, {class, send}] = beamtap_toggle:items(),
    %% All of it is in one trace.
    [Tap] = running(),
    {ok, #{tap := Tap, ended_by := stop, events := Events}} = beamtap_toggle:off(),
    #{<<"call">> := 3, <<"return_from">> := 3, <<"send">> := 2} = Events,
    [] = beamtap_toggle:items(),
    {ok, none} = beamtap_toggle:off().

%% All, one, another beside it, none of them by itself, and all again.
processes_on_and_off(_) ->
    [One, Two] = Workers = [worker(), worker()],
    Traced = fun() ->
        [3 = ask(Worker, 1) || Worker <- Workers],
        [lists:member(call, beamtap_world:flags(Worker)) || Worker <- Workers]
    end,
    {ok, on} = beamtap_toggle:toggle({function, {?MODULE, work, 1}}),
    [true, true] = Traced(),
    {ok, on} = beamtap_toggle:toggle({process, One}),
    [true, false] = Traced(),
    {ok, on} = beamtap_toggle:toggle({process, Two}),
    [true, true] = Traced(),
    {ok, off} = beamtap_toggle:toggle({process, One}),
    [false, true] = Traced(),
    {ok, off} = beamtap_toggle:toggle({process, Two}),
    [true, true] = Traced(),
    {ok, #{events := #{<<"call">> := 8}}} = beamtap_toggle:off().

%% One of two patterns that name the same function.
patterns_overlap(_) ->
    Worker = worker(),
    {ok, on} = beamtap_toggle:toggle({function, "beamtap_toggle_SUITE:work/_"}),
    {ok, on} = beamtap_toggle:toggle({function, "beamtap_toggle_SUITE:work/1 -> return"}),
    3 = ask(Worker, 1),
    {ok, off} = beamtap_toggle:toggle({function, "beamtap_toggle_SUITE:work/1 -> return"}),
    3 = ask(Worker, 1),
    {ok, #{events := #{<<"call">> := 2, <<"return_from">> := 1}}} = beamtap_toggle:off().

nothing_but_a_process(_) ->
    Worker = worker(),
    true = register(beamtap_toggle_worker, Worker),
    {ok, on} = beamtap_toggle:toggle({process, beamtap_toggle_worker}),
    3 = ask(Worker, 1),
    %% By its pid it is the same process; with the last item the tap ends.
    {ok, off} = beamtap_toggle:toggle({process, Worker}),
    #{events := #{<<"receive">> := 1, <<"send">> := 1}} = last_ended(),
    [] = [Info || #{state := recording} = Info <- beamtap_toggle:taps()].

errors_change_nothing(_) ->
    {ok, on} = beamtap_toggle:toggle({class, procs}),
    [Running] = [Tap || #{tap := Tap, state := recording} <- beamtap_toggle:taps()],
    {error, #{reason := bad_pattern}} = beamtap_toggle:toggle({function, "lists:seq/many"}),
    {error, #{reason := unknown_class}} = beamtap_toggle:toggle({class, proc}),
    {error, #{reason := bad_item}} = beamtap_toggle:toggle(procs),
    {ok, #{state := recording}} = beamtap:info(Running),
    %% Seen when the function is looked for.
    {error, #{reason := no_match}} = beamtap_toggle:toggle({function, "lists:sequence/2"}),
    [{class, procs}] = beamtap_toggle:items(),
    [Running] = running().

bounds_switch_off(_) ->
    {ok, on} = beamtap_toggle:toggle({function, {?MODULE, work, 1}}, #{events => 1}),
    Worker = worker(),
    beamtap_world:until(fun() ->
        3 = ask(Worker, 1),
        beamtap_toggle:items() =:= [] orelse beamtap_toggle:taps()
    end),
    #{ended_by := events} = last_ended(),
    %% The next starts afresh.
    {ok, on} = beamtap_toggle:toggle({class, procs}),
    [{class, procs}] = beamtap_toggle:items().

listing(_) ->
    Worker = worker(),
    [_ | _] = [self() || _ <- lists:seq(1, 50), _ <- [Worker ! {ignored, lists:seq(1, 1000)}]],
    [#{pid := First} | _] = beamtap_toggle:processes(#{sort => message_queue_len, limit => 3}),
    First = Worker,
    3 = length(beamtap_toggle:processes(#{limit => 3})),
    All = #{limit => 10000},
    [] = [P || #{is_on := true} = P <- beamtap_toggle:processes(All)],
    {ok, on} = beamtap_toggle:toggle({process, Worker}),
    [#{pid := Worker, name := undefined, memory := Memory}] = [P || #{is_on := true} = P <- beamtap_toggle:processes(All)],
    true = Memory > 0.

%% Of all processes, whatever is shown of them.
searching(_) ->
    Worker = spawn_link(?MODULE, sleep, []),
    true = register(beamtap_Toggle_Sought, Worker),
    Busy = [spawn_link(fun() -> _ = [work(N) || N <- lists:seq(1, 10000)], sleep() end) || _ <- lists:seq(1, 60)],
    Found = fun(Listing) ->
        {Processes, Total} = beamtap_toggle:listed(Listing),
        {[Pid || #{pid := Pid} <- Processes], Total}
    end,
    {[Worker], 1} = Found(#{search => "toggle_sought"}),
    {[Worker], 1} = Found(#{search => pid_to_list(Worker), limit => 1}),
    {[], 0} = Found(#{search => <<"no such process">>}),
    {[_], Many} = Found(#{limit => 1}),
    true = Many > length(Busy),
    %% A process that proc_lib did not start has the function it was spawned with.
    [#{function := {?MODULE, sleep, 0}}] = beamtap_toggle:processes(#{search => "toggle_suite.sleep/0"}),
    [#{function := {?MODULE, sleep, 0}}] = beamtap_toggle:processes(#{search => "toggle_suite:sleep/0"}),
    %% The other way round.
    [#{reductions := Least}] = beamtap_toggle:processes(#{direction => asc, limit => 1}),
    [#{reductions := Most}] = beamtap_toggle:processes(#{limit => 1}),
    true = Least < Most.

sleep() ->
    receive
        stop -> ok
    end.

running() -> [Tap || #{tap := Tap, state := recording} <- beamtap_toggle:taps()].

%%% observer_cli

%% As many cells in each row as there are headers, and each of a kind that observer_cli can render.
observer_cli_contract(_) ->
    Worker = worker(),
    {[[#{content := "no taps" ++ _, width := _}]], undefined} = attributes_without_taps(),
    {ok, on} = beamtap_toggle:toggle({process, Worker}),
    {[[_, #{content := "recording", color := _} | _] | _], undefined} = beamtap_observer_cli:attributes(undefined),
    Headers = beamtap_observer_cli:sheet_header(),
    {Rows, State} = beamtap_observer_cli:sheet_body(undefined),
    [] = [Row || Row <- Rows, length(Row) =/= length(Headers)],
    [] = [Cell || Row <- Rows, Cell <- Row, not is_cell(Cell)],
    [[Worker, "on" | _]] = [Row || [_, "on" | _] = Row <- Rows],
    %% Whatever the processes do, a row's number stays the number of its process; what is traced is what it is now.
    Order = [Pid || [Pid | _] <- by(4, Rows)],
    Ended = worker(),
    unlink(Ended),
    {More, WithMore} = beamtap_observer_cli:sheet_body(undefined),
    true = lists:any(fun([Pid | _]) -> Pid =:= Ended end, More),
    _ = [3 = ask(Worker, 1) || _ <- lists:seq(1, 10000)],
    exit(Ended, kill),
    {ok, off} = beamtap_toggle:toggle({process, Worker}),
    {Later, State} = beamtap_observer_cli:sheet_body(State),
    Order = [Pid || [Pid | _] <- by(4, Later)],
    [[Worker, "" | _]] = [Row || [Pid | _] = Row <- Later, Pid =:= Worker],
    {Last, WithMore} = beamtap_observer_cli:sheet_body(WithMore),
    [[Ended, "ended" | _]] = [Row || [Pid | _] = Row <- Last, Pid =:= Ended],
    %% Opened anew it is sorted anew.
    {_, Anew} = beamtap_observer_cli:sheet_body(undefined),
    true = Anew =/= State.

%% As observer_cli sorts rows: by the values of a column, the largest first.
by(Column, Rows) -> [Row || {_, Row} <- lists:reverse(lists:sort([{lists:nth(Column, Row), Row} || Row <- Rows]))].

%% The key for everything off is that of a page of its own.
observer_cli_off(_) ->
    {[[#{content := "nothing was on"}]], _} = beamtap_observer_cli_off:attributes(undefined),
    {ok, on} = beamtap_toggle:toggle({process, worker()}),
    {[[_]], undefined} = beamtap_observer_cli_off:sheet_body(undefined),
    {[[#{content := "everything is off; tap " ++ _, width := _} = Line]], State} = beamtap_observer_cli_off:attributes(undefined),
    {[], undefined} = beamtap_observer_cli_off:sheet_body(undefined),
    [_] = beamtap_observer_cli_off:sheet_header(),
    %% Once: what comes on later, from elsewhere, is left alone.
    {ok, on} = beamtap_toggle:toggle({process, worker()}),
    {[[Line]], State} = beamtap_observer_cli_off:attributes(State),
    [{process, _}] = beamtap_toggle:items().

attributes_without_taps() ->
    ok = application:stop(beamtap),
    {ok, _} = application:ensure_all_started(beamtap),
    beamtap_observer_cli:attributes(undefined).

is_cell({byte, N}) -> is_integer(N);
is_cell(Cell) -> is_pid(Cell) orelse is_integer(Cell) orelse io_lib:printable_unicode_list(Cell).

%% The real one, which Debian's RabbitMQ brings along: `make e2e-rabbitmq' runs it, and nothing else.
observer_cli_itself(_) ->
    case filelib:wildcard("/usr/lib/rabbitmq/lib/rabbitmq_server-*/plugins/{observer_cli,recon}-*/ebin") of
        [_, _ | _] = Paths ->
            ok = code:add_pathsa(Paths),
            Worker = worker(),
            {ok, on} = beamtap_toggle:toggle({process, Worker}),
            Plugin = #{module => beamtap_observer_cli, title => "beamtap", shortcut => "T", sort_column => 4},
            ok = application:load(observer_cli),
            ok = application:set_env(observer_cli, plugins, [Plugin]),
            Shown = shown(fun() -> observer_cli:start_plugin() end, "Traced"),
            true = string:find(Shown, pid_to_list(Worker)) =/= nomatch orelse string:find(Shown, "recording") =/= nomatch,
            _ = application:stop(observer_cli),
            _ = application:unload(observer_cli),
            lists:foreach(fun code:del_path/1, Paths);
        _ ->
            beamtap_skip:missing("observer_cli, which Debian's rabbitmq-server has,")
    end.

%% What a program prints until it has printed Word; it then reads "q" and ends.
shown(Fun, Word) ->
    Shower = self(),
    {Terminal, _} = spawn_monitor(fun() -> terminal(<<>>, Word, Shower) end),
    {Program, Monitor} = spawn_monitor(fun() ->
        group_leader(Terminal, self()),
        Fun()
    end),
    receive
        {shown, Text} ->
            receive
                {'DOWN', Monitor, process, Program, Reason} when Reason =:= normal; Reason =:= shutdown -> Text
            end;
        {'DOWN', Monitor, process, Program, Reason} ->
            ct:fail({ended, Reason})
    end.

terminal(Printed, Word, Shower) ->
    receive
        {io_request, From, As, {put_chars, Encoding, Chars}} ->
            printed(Chars, Encoding, From, As, Printed, Word, Shower);
        {io_request, From, As, {put_chars, Encoding, M, F, A}} ->
            printed(apply(M, F, A), Encoding, From, As, Printed, Word, Shower);
        {io_request, From, As, {get_geometry, rows}} ->
            From ! {io_reply, As, 60},
            terminal(Printed, Word, Shower);
        {io_request, From, As, {get_geometry, columns}} ->
            From ! {io_reply, As, 200},
            terminal(Printed, Word, Shower);
        {io_request, From, As, Request} when element(1, Request) =:= get_line ->
            %% Answered once the page is there.
            case string:find(Printed, Word) of
                nomatch ->
                    self() ! {io_request, From, As, Request},
                    receive
                    after 20 -> terminal(Printed, Word, Shower)
                    end;
                _ ->
                    From ! {io_reply, As, "q\n"},
                    Shower ! {shown, Printed}
            end;
        {io_request, From, As, _} ->
            From ! {io_reply, As, {error, request}},
            terminal(Printed, Word, Shower)
    end.

printed(Chars, Encoding, From, As, Printed, Word, Shower) ->
    From ! {io_reply, As, ok},
    terminal(<<Printed/binary, (unicode:characters_to_binary(Chars, Encoding))/binary>>, Word, Shower).

%%% Work

worker() ->
    spawn_link(fun Loop() ->
        receive
            {From, N} when is_pid(From) ->
                From ! {self(), work(N)},
                Loop()
        end
    end).

ask(Worker, N) ->
    Worker ! {self(), N},
    receive
        {Worker, Answer} -> Answer
    end.

work(N) -> N + 2.

last_ended() ->
    lists:last([Info || #{state := ended} = Info <- beamtap_toggle:taps()]).
