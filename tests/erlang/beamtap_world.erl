%% What a tap could leave behind, looked at from outside: the VM's trace flags and patterns, LTTng's sessions, the
%% daemons. And what a trace holds, as babeltrace2 reads it.
-module(beamtap_world).

-export([snapshot/0, daemons/0, settled/1, flags/1, until/1, emits/2, number/1, recorded/1, events/2, calls/3, scratch/2, root/0]).

%% @doc Everything that tracing sets, of everybody.
snapshot() ->
    #{
        flags => flags(),
        patterns => patterns(),
        trace_sessions => trace_sessions(),
        measuring => measuring(),
        sessions => sessions(),
        daemons => daemons()
    }.

flags() ->
    Known = [{Who, Item} || Who <- [new_processes, new_ports | processes()], Item <- [trace_info(Who)], Item =/= none],
    lists:sort(Known).

trace_info(Who) ->
    case {erlang:trace_info(Who, flags), erlang:trace_info(Who, tracer)} of
        {{flags, []}, {tracer, []}} -> none;
        {undefined, _} -> none;
        {_, undefined} -> none;
        Set -> Set
    end.

%% @doc The trace flags that a process has in any trace session; without sessions, its only ones.
flags(Who) ->
    {flags, Legacy} = erlang:trace_info(Who, flags),
    InSessions = [
        Flags
     || Session <- trace_sessions(), {flags, Flags} <- [apply(trace, info, [Session, Who, flags])]
    ],
    lists:usort(lists:append([Legacy | InSessions])).

%% All of them but the one that erlang:trace/3 works on.
trace_sessions() ->
    case beamtap_vm:has_sessions() of
        true -> [Session || {Name, _} = Session <- apply(trace, session_info, [all]), Name =/= legacy];
        false -> []
    end.

%% What is the whole VM's: its system monitor and system tracer, scheduler wall time, microstate accounting.
measuring() ->
    States = fun() -> lists:sort(erlang:statistics(microstate_accounting)) end,
    WallTime = erlang:statistics(scheduler_wall_time) =/= undefined,
    {erlang:system_monitor(), seq_trace:get_system_tracer(), WallTime, States() =/= States()}.

patterns() ->
    [
        {MFA, Set}
     || {M, _} <- code:all_loaded(),
        {F, A} <- M:module_info(functions),
        MFA <- [{M, F, A}],
        {all, Set} <- [erlang:trace_info(MFA, all)],
        Set =/= false
    ].

sessions() ->
    case beamtap_native:load() of
        ok ->
            {ok, Names} = beamtap_nif:sessions(),
            lists:sort(Names);
        {error, _} ->
            []
    end.

%% @doc LTTng's daemons and our sidecar in this pid namespace; zombies have ended.
daemons() ->
    Commands = [
        {Command, State}
     || Stat <- filelib:wildcard("/proc/[0-9]*/stat"),
        {ok, Text} <- [file:read_file(Stat)],
        [_, Rest] <- [binary:split(Text, <<" (">>)],
        [Command, <<State, _/binary>>] <- [binary:split(Rest, <<") ">>)]
    ],
    lists:sort([C || {C, State} <- Commands, State =/= $Z, is_daemon(C)]).

is_daemon(Command) ->
    lists:any(fun(Start) -> string:prefix(Command, Start) =/= nomatch end, ["lttng-", "beamtapd"]).

%% @doc Waits until the world is as it was before.
settled(Before) ->
    until(fun() ->
        case snapshot() of
            Before -> true;
            Now -> {false, Before, Now}
        end
    end).

%% @doc Waits until a condition holds; the last answer tells why it did not within 20 s.
until(Condition) ->
    until(Condition, erlang:monotonic_time(millisecond) + 20000).

until(Condition, Deadline) ->
    case Condition() of
        true ->
            ok;
        Answer ->
            erlang:monotonic_time(millisecond) < Deadline orelse ct:fail({never, Answer}),
            %% Looked at again soon: nobody tells when LTTng's daemons are done.
            receive
            after 20 -> until(Condition, Deadline)
            end
    end.

%% @doc Waits until a tap has emitted so many events.
emits(Tap, Count) ->
    until(fun() ->
        {ok, #{traced := Emitted}} = beamtap:info(Tap),
        Emitted >= Count orelse {Emitted, Count}
    end).

%% @doc A pid as events have it.
number(Pid) ->
    {match, [Number, Serial]} = re:run(pid_to_list(Pid), "<0\\.(\\d+)\\.(\\d+)>", [{capture, all_but_first, list}]),
    list_to_integer(Serial) bsl 32 + list_to_integer(Number).

%% @doc The events of these names in the order of time, as babeltrace2 reads them: name and fields.
events(Path, Names) ->
    Lines = string:lexemes(os:cmd("babeltrace2 '" ++ unicode:characters_to_list(Path) ++ "' 2>/dev/null"), "\n"),
    [
        {list_to_atom(Name), fields(Fields)}
     || Line <- Lines,
        {match, [Name, Fields]} <- [
            re:run(Line, "beamtap:([a-z_]+): \\{ cpu_id = \\d+ \\}, \\{(.*)\\}$", [unicode, {capture, all_but_first, list}])
        ],
        lists:member(list_to_atom(Name), Names)
    ].

fields(Text) ->
    {match, Found} = re:run(Text, "(\\w+) = (?:\"((?:[^\"\\\\]|\\\\.)*)\"|(-?\\d+))", [
        global, unicode, {capture, all_but_first, list}
    ]),
    maps:from_list([
        case Field of
            [Name, Said] -> {list_to_atom(Name), re:replace(Said, "\\\\(.)", "\\1", [global, unicode, {return, list}])};
            [Name, [], Number] -> {list_to_atom(Name), list_to_integer(Number)}
        end
     || Field <- Found
    ]).

%% @doc How often each event of ours is in a trace, by name; without the canary, which comes before the counting, and the
%% counters, which are not counted.
recorded(Path) ->
    Lines = os:cmd(
        "babeltrace2 '" ++ unicode:characters_to_list(Path) ++
            "' 2>/dev/null | sed -nE 's/^.* beamtap:([a-z_]+): \\{ cpu_id.*$/\\1/p' | grep -vE '^(canary|counters)$' | sort | uniq -c"
    ),
    maps:from_list([
        {list_to_binary(Event), list_to_integer(Count)}
     || Line <- string:lexemes(Lines, "\n"), [Count, Event] <- [string:lexemes(Line, " ")]
    ]).

%% @doc How many calls of a function a trace holds.
calls(Path, Module, Function) ->
    Trace = "babeltrace2 '" ++ unicode:characters_to_list(Path) ++ "' 2>/dev/null",
    Definition = io_lib:format(" | grep 'beamtap:def_function:' | grep -F '\"~s\"' | grep -F '\"~s\"'", [Module, Function]),
    Ids = lists:usort([Id || {match, [Id]} <- [
        re:run(Line, "[{ ]function = (\\d+)", [{capture, all_but_first, list}])
     || Line <- string:lexemes(os:cmd(Trace ++ Definition), "\n")
    ]]),
    lists:sum([
        list_to_integer(string:trim(os:cmd(Trace ++ " | grep 'beamtap:call:' | grep -cE 'function = " ++ Id ++ "( |,)'")))
     || Id <- Ids
    ]).

%% @doc A directory of the case's own for a trace.
scratch(Case, Config) ->
    Unique = integer_to_list(erlang:unique_integer([positive])),
    filename:join(proplists:get_value(priv_dir, Config), atom_to_list(Case) ++ "-" ++ Unique).

%% @doc The checkout: its tests are beside the sources of the application.
root() ->
    {source, Source} = lists:keyfind(source, 1, beamtap:module_info(compile)),
    filename:dirname(filename:dirname(filename:dirname(Source))).
