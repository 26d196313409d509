%% Attaching to stock nodes that do not have beamtap: what is recorded, and that nothing stays behind.
%%
%% The nodes have an epmd of their own; they are looked at through their standard input and output, not through the
%% distribution that attaching uses.
-module(beamtap_attach_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_testcase/2, end_per_testcase/2]).
-export([by_path/1, sent/1, host_killed/1, guest_killed/1, refusals/1, command/1, command_options/1, command_interrupted/1]).

-define(COOKIE, "attach_suite").

suite() -> [{timetrap, {minutes, 3}}].

all() -> [by_path, sent, host_killed, guest_killed, refusals, command, command_options, command_interrupted].

init_per_suite(Config) ->
    case os:find_executable("epmd") of
        false ->
            beamtap_skip:missing("epmd");
        _ ->
            beamtap_sessiond:start([{epmd, free_port()} | Config])
    end.

end_per_suite(Config) ->
    _ = os:cmd(epmd(Config) ++ " epmd -kill"),
    beamtap_sessiond:stop(Config).

init_per_testcase(Case, Config) ->
    Temporary = filename:join(proplists:get_value(priv_dir, Config), atom_to_list(Case) ++ "-tmp"),
    ok = filelib:ensure_path(Temporary),
    [{temporary, Temporary} | Config].

end_per_testcase(_, _) ->
    ok.

%%% What is recorded, and what is left

by_path(Config) ->
    Target = target(Config),
    Before = world(Target),
    Host = host(Config),
    Attachment = attach(Host, Target, #{libraries => path}),
    recorded(Host, Target, Attachment, ?FUNCTION_NAME, Config),
    {ok, #{problems := [], files := path, mapped := [_ | _]}} = call(Host, beamtap_attach, detach, [Attachment]),
    %% Of what is in the node itself, modules of OTP may have been loaded on the way.
    settled(Target, Before),
    After = world(Target),
    %% A second time nothing at all changes.
    Again = attach(Host, Target, #{}),
    recorded(Host, Target, Again, again, Config),
    {ok, #{problems := []}} = call(Host, beamtap_attach, detach, [Again]),
    same = settled(Target, After),
    lists:foreach(fun stop/1, [Host, Target]).

sent(Config) ->
    Target = target(Config),
    Temporary = proplists:get_value(temporary, Config),
    Before = world(Target),
    Host = host(Config),
    Attachment = attach(Host, Target, #{libraries => send}),
    [Directory] = filelib:wildcard(filename:join(Temporary, "beamtap-*")),
    "drwx------" = string:slice(os:cmd("ls -ld '" ++ Directory ++ "'"), 0, 10),
    recorded(Host, Target, Attachment, ?FUNCTION_NAME, Config),
    {ok, #{problems := [], files := removed}} = call(Host, beamtap_attach, detach, [Attachment]),
    settled(Target, Before),
    {ok, []} = file:list_dir(Temporary),
    %% The library that is still mapped is taken again.
    After = world(Target),
    Again = attach(Host, Target, #{libraries => send}),
    recorded(Host, Target, Again, sent_again, Config),
    {ok, #{problems := []}} = call(Host, beamtap_attach, detach, [Again]),
    same = settled(Target, After),
    %% Another build would not be: here, the one by its path.
    {error, #{reason := other_library}} = try_attach(Host, Target, #{libraries => path}),
    same = settled(Target, After),
    lists:foreach(fun stop/1, [Host, Target]).

%% Nobody is there to say goodbye.
host_killed(Config) ->
    Target = target(Config),
    Before = world(Target),
    Host = host(Config),
    Attachment = attach(Host, Target, #{libraries => send}),
    {ok, _} = start_tap(Host, Attachment, ?FUNCTION_NAME, Config),
    {flags, [_ | _]} = call(Target, erlang, trace_info, [new_processes, flags]),
    OsPid = call(Host, os, getpid, []),
    "" = os:cmd("kill -KILL " ++ OsPid),
    settled(Target, Before),
    {ok, []} = file:list_dir(proplists:get_value(temporary, Config)),
    stop(Target).

guest_killed(Config) ->
    Target = target(Config),
    Before = world(Target),
    Host = host(Config),
    Attachment = attach(Host, Target, #{}),
    {ok, Tap} = start_tap(Host, Attachment, ?FUNCTION_NAME, Config),
    true = call(Target, erlang, exit, [call(Target, erlang, whereis, [beamtap_guest]), kill]),
    beamtap_world:until(fun() ->
        case call(Host, beamtap_attach, call, [Attachment, info, [Tap]]) of
            {ok, #{state := ended, ended_by := owner}} -> true;
            Other -> Other
        end
    end),
    {ok, #{problems := []}} = call(Host, beamtap_attach, detach, [Attachment]),
    settled(Target, Before),
    lists:foreach(fun stop/1, [Host, Target]).

%%% What is said when it cannot be

refusals(Config) ->
    Target = target(Config),
    Before = world(Target),
    Host = host(Config),
    {_, Node} = Target,
    Nobody = list_to_atom("nobody_" ++ atom_to_list(Node)),
    {error, #{reason := no_node, message := There}} = try_attach(Host, {none, Nobody}, #{}),
    [Name, _] = string:split(atom_to_list(Node), "@"),
    true = string:find(There, Name) =/= nomatch,
    {error, #{reason := not_let_in}} = try_attach(Host, Target, #{cookie => "wrong"}),
    {error, #{reason := no_cookie}} = try_attach(Host, Target, #{cookie_file => "/nonexistent/cookie"}),
    {error, #{reason := bad_node}} = try_attach(Host, {none, nowhere}, #{}),
    %% Called by another host's name than its own. It is the cookie only where the name is right.
    Long = named("127.0.0.1", true, Config),
    {error, #{reason := other_name, message := Called, remedy := Right}} =
        try_attach(Host, {none, at(node_of(Long), "localhost")}, #{}),
    [{_, _} = binary:match(Text, atom_to_binary(node_of(Long))) || Text <- [Called, Right]],
    {_, _} = binary:match(Called, <<"it has a long name (-name), and this is a short one">>),
    {error, #{reason := not_let_in}} = try_attach(Host, Long, #{cookie => "wrong"}),
    stop(Long),
    settled(Target, Before),
    %% Somebody else is there.
    Attachment = attach(Host, Target, #{}),
    Other = host(Config),
    {error, #{reason := attached_already}} = try_attach(Other, Target, #{}),
    %% That does not disturb the first.
    recorded(Host, Target, Attachment, ?FUNCTION_NAME, Config),
    {ok, #{problems := []}} = call(Host, beamtap_attach, detach, [Attachment]),
    settled(Target, Before),
    %% A node with beamtap in its code path.
    {error, #{reason := has_beamtap, remedy := Remedy}} = try_attach(Host, Other, #{}),
    true = string:find(Remedy, "-remsh") =/= nomatch,
    lists:foreach(fun stop/1, [Other, Host, Target]).

%%% The command line

command(Config) ->
    {_, Node} = Target = target(Config),
    work(Target),
    Before = world(Target),
    Output = beamtap_world:scratch(?FUNCTION_NAME, Config),
    Words = ["'lists:sort/1 -> return'", "send", "--for 30s", "--events 500", "--output", Output, "--json"],
    {0, Printed} = run([atom_to_list(Node) | Words], Config),
    %% Standard output holds the JSON alone.
    File = filename:join(proplists:get_value(temporary, Config), "report.json"),
    ok = file:write_file(File, Printed),
    "True\n" = os:cmd("python3 -c \"import json; print('lists:sort/1' in str(json.load(open('" ++ File ++ "'))))\""),
    ok = file:delete(File),
    {ok, Log} = file:read_file(filename:join(proplists:get_value(priv_dir, Config), "command.log")),
    {match, _} = re:run(Log, "recording 1 function, send of \\d+ processes to "),
    settled(Target, Before),
    {64, _} = run([], Config),
    {64, _} = run([atom_to_list(Node)], Config),
    {64, _} = run([atom_to_list(Node), "send", "--for 3"], Config),
    {1, _} = run([atom_to_list(Node), "'lists:sart/1'"], Config),
    {1, _} = run([atom_to_list(Node), "send", "--target nobody_is_called_that"], Config),
    {1, _} = run(["nobody_" ++ atom_to_list(Node), "send"], Config),
    {0, "usage: " ++ _} = run(["--help"], Config),
    settled(Target, Before),
    stop(Target).

%% What start/2 and report/2 can be asked, from the command line.
command_options(Config) ->
    {_, Node} = Target = target(Config),
    work(Target),
    Before = world(Target),
    Scratch = fun(Name) -> beamtap_world:scratch(list_to_atom("command_options_" ++ Name), Config) end,
    With = fun(Words) -> run([atom_to_list(Node), "'lists:sort/1 -> return'" | Words], Config) end,
    Output = Scratch("payload"),
    {0, Printed} = With(["--for 30s --events 100 --rate 100000 --payload 40 --top 1 --sort calls --output", Output]),
    {match, _} = re:run(Printed, "lists:sort/1 +\\d"),
    nomatch = re:run(Printed, "Processes\n.*\n.*\n.+", [{capture, none}]),
    %% What was sorted is in the trace as text.
    {match, _} = re:run(os:cmd("babeltrace2 '" ++ Output ++ "'"), "\\[3,2,1\\]"),
    %% The newest of half a second.
    {0, Flight} = With(["--mode snapshot --for 500ms --output", Scratch("snapshot")]),
    {match, _} = re:run(Flight, "lists:sort/1 +\\d"),
    %% Counted, and not recorded.
    {0, Estimate} = With(["--estimate --for 500ms"]),
    {match, _} = re:run(Estimate, "^[1-9]\\d* events a second, [1-9]\\d* bytes a second, .* ns an event\\)\n"),
    {match, _} = re:run(Estimate, "\n +[1-9]\\d*  call\n"),
    settled(Target, Before),
    %% Understood before anything is asked of the node.
    [{64, ""} = With([Wrong]) || Wrong <- ["--rate x", "--payload much", "--mode tape", "--top 1.5", "--estimate --json", "--sort"]],
    [{1, ""} = With([Wrong]) || Wrong <- ["--rate 0", "--payload 0", "--mode net://"]],
    settled(Target, Before),
    stop(Target).

command_interrupted(Config) ->
    {_, Node} = Target = target(Config),
    work(Target),
    Before = world(Target),
    Output = beamtap_world:scratch(?FUNCTION_NAME, Config),
    Port = open([atom_to_list(Node), "lists:sort/1", "--for infinity", "--output", Output], Config),
    %% Traced is not yet recorded: a report without a call says nothing of the function.
    beamtap_world:until(fun() -> is_recording(Target) =:= true andalso has_emitted(Target) end),
    {os_pid, OsPid} = erlang:port_info(Port, os_pid),
    "" = os:cmd("kill -INT " ++ integer_to_list(OsPid)),
    {0, Printed} = await(Port, []),
    true = string:find(Printed, "lists:sort/1") =/= nomatch,
    settled(Target, Before),
    stop(Target).

is_recording(Target) ->
    case call(Target, erlang, trace_info, [{lists, sort, 1}, traced]) of
        {traced, local} -> true;
        Other -> legacy_or_session(Target, Other)
    end.

has_emitted(Target) ->
    lists:any(fun(#{traced := Traced}) -> Traced > 0 end, call(Target, beamtap, info, [])).

%% With trace sessions the flags of ours are not seen from outside; the session is.
legacy_or_session(Target, Other) ->
    case call(Target, erlang, function_exported, [trace, session_info, 1]) of
        true -> [] =/= [S || {beamtap, _} = S <- call(Target, trace, session_info, [all])];
        false -> Other
    end.

run(Words, Config) ->
    await(open(Words, Config), []).

open(Words, Config) ->
    Script = filename:join(beamtap_world:root(), "scripts/beamtap-attach"),
    Log = filename:join(proplists:get_value(priv_dir, Config), "command.log"),
    Command = lists:flatten(lists:join(" ", ["exec env --default-signal=INT", Script, "--cookie", ?COOKIE | Words])),
    open_port({spawn_executable, "/bin/sh"}, [
        {args, ["-c", Command ++ " 2>>'" ++ Log ++ "'"]},
        {env, [{"ERL_EPMD_PORT", integer_to_list(proplists:get_value(epmd, Config))}, {"ERL_LIBS", false}]},
        exit_status,
        use_stdio
    ]).

await(Port, Said) ->
    receive
        {Port, {data, Data}} -> await(Port, [Said | Data]);
        {Port, {exit_status, Status}} -> {Status, lists:flatten(Said)}
    end.

%%% Nodes

%% A stock node without beamtap.
target(Config) ->
    node([], Config).

%% One that has beamtap.
host(Config) ->
    node(["-pa", filename:dirname(code:which(beamtap))], Config).

node(Args, Config) ->
    named("localhost", false, Args, Config).

named(At, IsLong, Config) ->
    named(At, IsLong, [], Config).

%% The same name at another host.
at(Node, Other) ->
    [Name, _] = string:split(atom_to_list(Node), "@"),
    list_to_atom(Name ++ "@" ++ Other).

named(At, IsLong, Args, Config) ->
    Name = peer:random_name(?MODULE),
    Env = [
        {"ERL_EPMD_PORT", integer_to_list(proplists:get_value(epmd, Config))},
        {"TMPDIR", proplists:get_value(temporary, Config)},
        {"ERL_LIBS", ""},
        {"ERL_FLAGS", ""}
    ],
    {ok, Peer, Node} = peer:start(#{
        name => Name,
        host => At,
        longnames => IsLong,
        connection => standard_io,
        wait_boot => 60000,
        args => ["-setcookie", ?COOKIE, "-kernel", "logger_level", "none" | Args],
        env => Env
    }),
    {Peer, Node}.

call({Peer, _}, M, F, A) ->
    peer:call(Peer, M, F, A, 100000).

stop({Peer, _}) ->
    peer:stop(Peer).

free_port() ->
    {ok, Socket} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}}]),
    {ok, Port} = inet:port(Socket),
    ok = gen_tcp:close(Socket),
    Port.

epmd(Config) ->
    "ERL_EPMD_PORT=" ++ integer_to_list(proplists:get_value(epmd, Config)).

%%% Attachments

%% Each call is made by a process of its own; the host is one that lives as long as its node.
attach(Host, Target, Opts) ->
    {ok, Attachment} = try_attach(Host, Target, Opts),
    Attachment.

try_attach(Host, {_, Node}, Opts) ->
    Lasting = call(Host, erlang, whereis, [init]),
    call(Host, beamtap_attach, attach, [Node, Opts#{host => Lasting}]).

start_tap(Host, Attachment, Case, Config) ->
    Spec = #{functions => ["lists:sort/1"], classes => [send]},
    call(Host, beamtap_attach, start, [
        Attachment, Spec, #{output => beamtap_world:scratch(Case, Config), for => 60000}
    ]).

recorded(Host, Target, Attachment, Case, Config) ->
    {ok, Tap} = start_tap(Host, Attachment, Case, Config),
    {ok, #{state := recording}} = call(Host, beamtap_attach, call, [Attachment, info, [Tap]]),
    %% In a process that the tap sees from its birth.
    [1, 2, 3] = call(Target, erpc, call, [node_of(Target), lists, sort, [[3, 2, 1]]]),
    {ok, #{problems := [], discarded := 0, path := Path, events := Events}} =
        call(Host, beamtap_attach, call, [Attachment, stop, [Tap]]),
    #{<<"call">> := Calls, <<"send">> := Sends} = Events,
    true = Calls > 0 andalso Sends > 0,
    Calls = beamtap_world:calls(Path, "lists", "sort"),
    #{<<"call">> := Calls, <<"send">> := Sends} = beamtap_world:recorded(Path),
    ok = call(Host, beamtap_attach, call, [Attachment, report, [Tap]]).

node_of({_, Node}) -> Node.

%% Work without end, in a process of the node's own.
work(Target) ->
    Loop = "F = fun F() -> lists:sort([3, 2, 1]), timer:sleep(5), F() end, F().",
    {ok, Tokens, _} = erl_scan:string(Loop),
    {ok, Expressions} = erl_parse:parse_exprs(Tokens),
    true = is_pid(call(Target, erlang, spawn, [erl_eval, exprs, [Expressions, []]])),
    ok.

%%% What could be left

world(Target) ->
    Ask = fun(M, F, A) -> call(Target, M, F, A) end,
    #{
        modules => lists:sort([M || {M, _} <- Ask(code, all_loaded, [])]),
        old_code => [M || {M, _} <- Ask(code, all_loaded, []), is_ours(M), Ask(erlang, check_old_code, [M])],
        %% The process that answers one of these questions is gone at the next.
        processes => lists:sort([P || P <- Ask(erlang, processes, []), Ask(erlang, is_process_alive, [P])]),
        registered => lists:sort(Ask(erlang, registered, [])),
        tables => lists:sort([T || T <- Ask(ets, all, []), is_atom(T)]),
        number_of_tables => length(Ask(ets, all, [])),
        ports => length(Ask(erlang, ports, [])),
        loaded => lists:sort(Ask(application, loaded_applications, [])),
        running => lists:sort(Ask(application, which_applications, [])),
        terms => lists:sort([K || {K, _} <- Ask(persistent_term, get, []), is_ours(K)]),
        path => Ask(code, get_path, []),
        environment => lists:sort(Ask(os, getenv, [])),
        flags => Ask(erlang, trace_info, [new_processes, flags]),
        pattern => Ask(erlang, trace_info, [{lists, sort, 1}, all]),
        nodes => Ask(erlang, nodes, [connected])
    }.

is_ours(Name) -> is_atom(Name) andalso lists:prefix("beamtap", atom_to_list(Name)).

%% Waits until the node is as it was before: exactly, or but for modules of OTP that are loaded now.
settled(Target, Before) ->
    Self = self(),
    beamtap_world:until(fun() ->
        Now = world(Target),
        case difference(Target, Before, Now) of
            none -> Self ! {difference, same}, true;
            stock -> Self ! {difference, stock}, true;
            Difference -> Difference
        end
    end),
    receive
        {difference, How} -> How
    end.

difference(_, Same, Same) ->
    none;
difference(Target, Before, Now) ->
    case [{Key, maps:get(Key, Before), V} || {Key, V} <- maps:to_list(Now), Key =/= modules, maps:get(Key, Before) =/= V] of
        [] ->
            New = maps:get(modules, Now) -- maps:get(modules, Before),
            Lost = maps:get(modules, Before) -- maps:get(modules, Now),
            Root = call(Target, code, lib_dir, []),
            IsStock = fun(M) ->
                File = call(Target, code, which, [M]),
                is_list(File) andalso lists:prefix(Root, File)
            end,
            case {[M || M <- New, not IsStock(M)], Lost} of
                {[], []} -> stock;
                Foreign -> Foreign
            end;
        Differences ->
            Differences
    end.
