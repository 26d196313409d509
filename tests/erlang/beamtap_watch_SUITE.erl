%% Live lines of a tap, as a terminal gets them: a process stands for the shell's group leader.
-module(beamtap_watch_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_testcase/2, end_per_testcase/2]).
-export([until_return/1, until_the_tap_ends/1, elixir_syntax/1, limit/1, caller_killed/1, terminal_gone/1]).
-export([shell_is_not_shown/1, two_watches/1, without_input/1, colour/1, how_to_leave/1, errors/1]).
%% Traced
-export([work/1, fail/0]).

suite() -> [{timetrap, {minutes, 2}}].

all() ->
    [
        until_return,
        until_the_tap_ends,
        elixir_syntax,
        limit,
        caller_killed,
        terminal_gone,
        shell_is_not_shown,
        two_watches,
        without_input,
        colour,
        how_to_leave,
        errors
    ].

init_per_suite(Config) ->
    {ok, _} = application:ensure_all_started(beamtap),
    Traces = filename:join(proplists:get_value(priv_dir, Config), "traces"),
    true = os:putenv("BEAMTAP_TRACES", Traces),
    [{traces, Traces} | beamtap_sessiond:warm(Config)].

end_per_suite(Config) ->
    true = os:unsetenv("BEAMTAP_TRACES"),
    beamtap_sessiond:end_suite(Config).

init_per_testcase(_, Config) -> beamtap_sessiond:begin_case(Config).

end_per_testcase(_, Config) ->
    beamtap_sessiond:end_case(Config),
    %% What the relay daemon wrote is gone with the watch.
    [] = filelib:wildcard(filename:join(proplists:get_value(traces, Config), "*-watch*")).

until_return(_) ->
    Worker = worker(),
    Tap = start(Worker, #{}),
    {Caller, Terminal} = watch(Tap, #{}),
    _ = call(Worker, Terminal, "beamtap_watch_SUITE:work\\(\\[a,<<\"b\">>\\]\\)"),
    until_shown(Terminal, io_lib:format("^\\d\\d:\\d\\d:\\d\\d\\.\\d{6} ~s beamtap_watch_SUITE:work/1 -> {done,\\[a,<<\"b\">>\\]}$", [quoted(Worker)])),
    until_shown(Terminal, "beamtap_watch_SUITE:fail/0 raised error: badarg$"),
    %% The session that it makes is beamtap's own.
    [#{tap := Tap}] = [Known || #{state := State} = Known <- beamtap:info(), State =/= ended],
    press_return(Terminal),
    {shown, ok} = ended(Caller),
    {ok, #{state := recording}} = beamtap:info(Tap),
    {ok, #{ended_by := stop, discarded := 0}} = beamtap:stop(Tap).

until_the_tap_ends(_) ->
    Worker = worker(),
    Tap = start(Worker, #{}),
    {Caller, Terminal} = watch(Tap, #{}),
    _ = call(Worker, Terminal, "work"),
    %% What was recorded last is shown, too.
    done = work_of(Worker, last_words),
    {ok, #{ended_by := stop}} = beamtap:stop(Tap),
    {shown, ok} = ended(Caller),
    true = shows(Terminal, "work/1 -> {done,last_words}$"),
    true = shows(Terminal, "the tap has ended: press return$").

elixir_syntax(_) ->
    Worker = worker(),
    Tap = start(Worker, #{}),
    {Caller, Terminal} = watch(Tap, [{syntax, elixir}]),
    _ = call(Worker, Terminal, ":beamtap_watch_SUITE\\.work\\(\\[:a, \"b\"\\]\\)"),
    done = work_of(Worker, #{'__struct__' => 'Elixir.URI', port => 80, owner => 'Elixir.My.App'}),
    until_shown(Terminal, "work\\(%URI\\{owner: My\\.App, port: 80\\}\\)$"),
    until_shown(Terminal, "#PID" ++ quoted(Worker) ++ " :beamtap_watch_SUITE\\.work/1 -> {:done, \\[:a, \"b\"\\]}$"),
    press_return(Terminal),
    {shown, ok} = ended(Caller).

limit(_) ->
    Worker = worker(),
    Tap = start(Worker, #{payload => none}),
    {Caller, Terminal} = watch(Tap, #{lines => 7}),
    _ = call(Worker, Terminal, "beamtap_watch_SUITE:work/1"),
    Before = emitted(Tap),
    [done = work_of(Worker, N) || N <- lists:seq(1, 1000)],
    {ok, _} = beamtap:stop(Tap),
    {shown, ok} = ended(Caller),
    LeftOut = lists:sum([
        list_to_integer(lists:flatten(string:replace(Number, ",", "", all)))
     || Line <- lines(Terminal), {match, [Number]} <- [re:run(Line, "^… ([\\d,]+) more$", [unicode, {capture, all_but_first, list}])]
    ]),
    Shown = length([Line || Line <- lines(Terminal), re:run(Line, "beamtap_watch_SUITE", [unicode]) =/= nomatch]),
    %% Nothing goes missing unseen: two calls, a return and an exception each, and what came before.
    true = Shown + LeftOut >= 4000,
    true = Shown + LeftOut =< 4000 + Before,
    true = Shown < 1000.

caller_killed(_) ->
    Worker = worker(),
    Tap = start(Worker, #{}),
    {Caller, Terminal} = watch(Tap, #{}),
    _ = call(Worker, Terminal, "work"),
    Before = beamtapds(),
    true = Before > 0,
    exit(Caller, kill),
    killed = ended(Caller),
    beamtap_world:until(fun() -> beamtapds() =:= 0 end),
    {ok, #{state := recording}} = beamtap:info(Tap),
    {ok, _} = beamtap:stop(Tap),
    %% The process that read from the terminal is gone as well.
    beamtap_world:until(fun() -> [] =:= [Pid || Pid <- processes(), {group_leader, Terminal} =:= process_info(Pid, group_leader)] end).

terminal_gone(_) ->
    Worker = worker(),
    Tap = start(Worker, #{}),
    {Caller, Terminal} = watch(Tap, #{}),
    _ = call(Worker, Terminal, "work"),
    exit(Terminal, kill),
    done = work_of(Worker, more),
    _ = ended(Caller),
    beamtap_world:until(fun() -> beamtapds() =:= 0 end),
    {ok, _} = beamtap:stop(Tap).

shell_is_not_shown(_) ->
    Worker = worker(),
    {ok, Tap} = beamtap:start([{?MODULE, work, 1}, send, 'receive'], #{events => infinity, for => 60000}),
    {Caller, Terminal} = watch(Tap, #{lines => 100000}),
    _ = call(Worker, Terminal, "beamtap_watch_SUITE:work/1"),
    until_shown(Terminal, quoted(Worker) ++ " send to "),
    press_return(Terminal),
    {shown, ok} = ended(Caller),
    %% Its lines would make more lines without end.
    [] = [Line || Line <- lines(Terminal), Pid <- [Caller, Terminal], re:run(Line, "^\\S+ " ++ quoted(Pid), [unicode]) =/= nomatch].

two_watches(_) ->
    Worker = worker(),
    Tap = start(Worker, #{}),
    {Caller1, Terminal1} = watch(Tap, #{}),
    {Caller2, Terminal2} = watch(Tap, #{syntax => elixir}),
    _ = call(Worker, Terminal1, "beamtap_watch_SUITE:work"),
    _ = call(Worker, Terminal2, ":beamtap_watch_SUITE\\.work"),
    press_return(Terminal1),
    {shown, ok} = ended(Caller1),
    done = work_of(Worker, goes_on),
    until_shown(Terminal2, "{:done, :goes_on}"),
    press_return(Terminal2),
    {shown, ok} = ended(Caller2).

without_input(_) ->
    Worker = worker(),
    Tap = start(Worker, #{}),
    {Caller, Terminal} = watch(Tap, #{}),
    Terminal ! {type, eof},
    _ = call(Worker, Terminal, "work"),
    {ok, _} = beamtap:stop(Tap),
    {shown, ok} = ended(Caller),
    true = shows(Terminal, "the tap has ended$").

colour(_) ->
    Worker = worker(),
    Tap = start(Worker, #{}),
    {Caller, Terminal} = watch(Tap, #{colour => true}),
    _ = call(Worker, Terminal, "\e\\[1mbeamtap_watch_SUITE:work\e\\[0m\\("),
    press_return(Terminal),
    {shown, ok} = ended(Caller),
    {Caller2, Terminal2} = watch(Tap, #{}),
    _ = call(Worker, Terminal2, "work"),
    press_return(Terminal2),
    {shown, ok} = ended(Caller2),
    false = shows(Terminal2, "\e"),
    false = shows(Terminal2, "press return").

%% A real terminal is told how to leave before anything is seen; lines there are coloured.
how_to_leave(_) ->
    Worker = worker(),
    Tap = start(Worker, #{}),
    {Caller, Terminal} = watch(Tap, #{}, 80),
    until_shown(Terminal, "^… press return to stop watching; tap \\d+ runs on$"),
    _ = call(Worker, Terminal, "\e\\[1mbeamtap_watch_SUITE:work"),
    press_return(Terminal),
    {shown, ok} = ended(Caller).

errors(_) ->
    {error, #{reason := unknown_tap}} = beamtap:watch({tap, 123456789}),
    {error, #{reason := unknown_tap}} = beamtap:watch(none),
    Tap = start(worker(), #{}),
    {error, #{reason := bad_option, message := <<"invalid value 0 for \"lines\": ", _/binary>>}} = beamtap:watch(Tap, #{lines => 0}),
    {error, #{reason := bad_option}} = beamtap:watch(Tap, #{syntax => lfe}),
    {error, #{reason := unknown_key, message := Message}} = beamtap:watch(Tap, #{color => true}),
    {match, _} = re:run(Message, "did you mean colour"),
    {ok, _} = beamtap:stop(Tap),
    {error, #{reason := ended}} = beamtap:watch(Tap).

%%% Somebody at a terminal, which has columns or is none

watch(Tap, Opts) -> watch(Tap, Opts, none).

watch(Tap, Opts, Columns) ->
    Terminal = spawn(fun() -> terminal([], none, none, Columns) end),
    {Caller, _} = spawn_monitor(fun() ->
        true = group_leader(Terminal, self()),
        exit({shown, beamtap:watch(Tap, Opts)})
    end),
    {Caller, Terminal}.

ended(Caller) ->
    receive
        {'DOWN', _, process, Caller, Reason} -> Reason
    end.

press_return(Terminal) -> Terminal ! {type, "\n"}.

lines(Terminal) ->
    Terminal ! {lines, self()},
    receive
        {Terminal, Text} -> string:split(Text, "\n", all)
    end.

shows(Terminal, Pattern) ->
    lists:any(fun(Line) -> re:run(Line, Pattern, [unicode]) =/= nomatch end, lines(Terminal)).

until_shown(Terminal, Pattern) ->
    beamtap_world:until(fun() -> shows(Terminal, Pattern) orelse {nowhere, Pattern, lines(Terminal)} end).

terminal(Shown, Reader, Typed, Columns) ->
    receive
        {io_request, From, As, {put_chars, unicode, Chars}} ->
            From ! {io_reply, As, ok},
            terminal([Shown | unicode:characters_to_list(Chars)], Reader, Typed, Columns);
        {io_request, From, As, {get_line, unicode, _}} when Typed =/= none ->
            From ! {io_reply, As, Typed},
            terminal(Shown, Reader, none, Columns);
        {io_request, From, As, {get_line, unicode, _}} ->
            terminal(Shown, {From, As}, Typed, Columns);
        {io_request, From, As, {get_geometry, columns}} when is_integer(Columns) ->
            From ! {io_reply, As, Columns},
            terminal(Shown, Reader, Typed, Columns);
        {io_request, From, As, _} ->
            From ! {io_reply, As, {error, enotsup}},
            terminal(Shown, Reader, Typed, Columns);
        {type, Line} when Reader =/= none ->
            {From, As} = Reader,
            From ! {io_reply, As, Line},
            terminal(Shown, none, Typed, Columns);
        {type, Line} ->
            terminal(Shown, Reader, Line, Columns);
        {lines, Asker} ->
            Asker ! {self(), lists:flatten(Shown)},
            terminal(Shown, Reader, Typed, Columns)
    end.

%%% What is watched

start(Worker, Opts) ->
    Spec = #{functions => [{{?MODULE, work, 1}, return}, {{?MODULE, fail, 0}, exception}], targets => Worker},
    {ok, Tap} = beamtap:start(Spec, maps:merge(#{payload => {text, 200}, for => 60000}, Opts)),
    Tap.

worker() -> spawn_link(fun loop/0).

loop() ->
    receive
        {From, work, Term} ->
            {done, Term} = ?MODULE:work(Term),
            _ = catch ?MODULE:fail(),
            From ! {self(), done},
            loop()
    end.

work(Term) -> {done, Term}.

fail() -> error(badarg).

work_of(Worker, Term) ->
    Worker ! {self(), work, Term},
    receive
        {Worker, done} -> done
    end.

%% Lets the worker work until a line shows it: a watch begins with what happens after it has begun.
call(Worker, Terminal, Pattern) ->
    beamtap_world:until(fun() ->
        done = work_of(Worker, [a, <<"b">>]),
        shows(Terminal, Pattern) orelse {nowhere, Pattern, lines(Terminal)}
    end).

emitted(Tap) ->
    {ok, #{traced := Emitted}} = beamtap:info(Tap),
    Emitted.

quoted(Pid) -> re:replace(pid_to_list(Pid), "[.]", "\\\\.", [global, {return, list}]).

beamtapds() ->
    #{daemons := Daemons} = beamtap_world:snapshot(),
    length([Daemon || Daemon <- Daemons, string:prefix(Daemon, "beamtapd") =/= nomatch]).
