%% What the documents show is what happens: README's sessions, and the Erlang and shell blocks of the guides (the Elixir
%% blocks are run by ExUnit).
-module(beamtap_docs_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_testcase/2, end_per_testcase/2]).
-export([readme_sessions/1, links/1, every_guide_is_tested/1, examples/1, shell_documentation/1]).
-export([my_genserver_is_slow/1, what_is_this_node_doing/1, catch_it_when_it_happens/1, from_other_tools/1]).

suite() -> [{timetrap, {minutes, 10}}].

all() ->
    [
        readme_sessions,
        links,
        every_guide_is_tested,
        examples,
        shell_documentation,
        my_genserver_is_slow,
        what_is_this_node_doing,
        catch_it_when_it_happens,
        from_other_tools
    ].

init_per_suite(Config) ->
    case filelib:is_regular(filename:join(beamtap_world:root(), "README.md")) of
        true ->
            %% One for all: liblttng-ust looks for a new daemon only every 5 s.
            beamtap_sessiond:start(Config);
        false -> beamtap_skip:missing("README.md")
    end.

end_per_suite(Config) -> beamtap_sessiond:end_suite(Config).

init_per_testcase(Case, Config) ->
    {ok, _} = application:ensure_all_started(beamtap),
    Traces = beamtap_world:scratch(Case, Config),
    true = os:putenv("BEAMTAP_TRACES", Traces),
    Config.

end_per_testcase(_, _) ->
    {ok, _} = beamtap:clear(),
    true = os:unsetenv("BEAMTAP_TRACES"),
    %% Nothing that a guide shows leaves anything traced.
    beamtap_world:until(fun() ->
        case beamtap_world:snapshot() of
            #{flags := [], patterns := []} -> true;
            Other -> Other
        end
    end).

readme_sessions(_) ->
    case os:find_executable("iex") of
        false ->
            beamtap_skip:missing("iex");
        _ ->
            {0, _} = shell(filename:join(beamtap_world:root(), "scripts/transcript") ++ " --check")
    end.

%% Each link leads to a file of the repository, and to a heading of it where it names one.
links(_) ->
    Files = [File || Pattern <- ["*.md", "docs/*.md", "docs/guides/*.md"], File <- filelib:wildcard(filename:join(beamtap_world:root(), Pattern))],
    Links = [{File, Link} || File <- Files, Link <- links_of(File)],
    ct:comment("~b links", [length(Links)]),
    true = length(Links) > 30,
    [] = [Dead || {File, Link} = Dead <- Links, not leads_somewhere(File, Link)].

links_of(File) ->
    {ok, Text} = file:read_file(File),
    case re:run(Text, "\\]\\((?!https?:)([^)\\s]+)\\)", [global, {capture, all_but_first, list}, unicode]) of
        {match, Links} -> lists:append(Links);
        nomatch -> []
    end.

leads_somewhere(File, Link) ->
    [Path | Heading] = string:split(Link, "#"),
    Target = case Path of "" -> File; _ -> filename:join(filename:dirname(File), Path) end,
    filelib:is_regular(Target) andalso (Heading =:= [] orelse lists:member(hd(Heading), headings(Target))).

%% As GitHub makes anchors of them.
headings(File) ->
    {ok, Text} = file:read_file(File),
    {match, Headings} = re:run(Text, "(?m)^#+ (.*)$", [global, {capture, all_but_first, list}, unicode]),
    [
        lists:flatten(string:replace(re:replace(string:lowercase(Heading), "[^\\w -]", "", [global, unicode, {return, list}]), " ", "-", all))
     || [Heading] <- Headings
    ].

every_guide_is_tested(_) ->
    Guides = [filename:basename(File, ".md") || File <- filelib:wildcard(filename:join(guides(), "*.md"))],
    [] = [Guide || Guide <- Guides, not lists:member(Guide, [name(Case) || Case <- all()])],
    4 = length(Guides).

%% The examples of modules and functions, each by itself; in those with prompts the lines between are what the shell
%% answers.
examples(_) ->
    {ok, my_server, Code} = compile:forms(forms("-module(my_server). -export([handle_call/3]). handle_call(_, _, S) -> S.")),
    {module, my_server} = code:load_binary(my_server, "example", Code),
    Server = spawn_link(fun() -> receive stop -> ok end end),
    true = register(my_server, Server),
    Run = [run_example(Module, Example) || Module <- [beamtap, beamtap_toggle, beamtap_logger], Example <- examples_of(Module)],
    ct:comment("~b examples", [length(Run)]),
    true = length(Run) > 14,
    ok = logger:remove_handler(beamtap),
    stop = Server ! stop.

examples_of(Module) ->
    {source, Source} = lists:keyfind(source, 1, Module:module_info(compile)),
    {ok, Text} = file:read_file(Source),
    {match, Examples} = re:run(Text, "%% ```\\n((?:%% .*\\n)*?)%% \x27\x27\x27\\n", [global, {capture, all_but_first, list}, unicode]),
    %% What a terminal shows is none: it begins with the time of day.
    [Example || [Example] <- Examples, re:run(Example, "^%% \\d\\d:", [unicode]) =:= nomatch].

run_example(Module, Example) ->
    ct:log("~p:~n~ts", [Module, Example]),
    Lines = [Line || "%% " ++ Line <- string:split(Example, "\n", all)],
    Typed = case [Line || Said <- Lines, {match, [Line]} <- [re:run(Said, "^\\d+> (.*)$", [{capture, all_but_first, list}])]] of
        [] -> Lines;
        Prompted -> Prompted
    end,
    [_ | _] = Typed,
    _ = block(["erlang", lists:flatten(lists:join("\n", Typed))], erl_eval:new_bindings()),
    {ok, _} = beamtap:clear().

%% h/1,2,3 in the shell know what a user may call, and start/2's text every option there is.
shell_documentation(Config) ->
    case code:ensure_loaded(edoc_doclet_chunks) of
        {error, _} -> beamtap_skip:missing("edoc");
        {module, _} -> documented(Config)
    end.

documented(Config) ->
    Application = filename:join(proplists:get_value(priv_dir, Config), "beamtap"),
    {0, []} = shell([filename:join(beamtap_world:root(), "scripts/build-docs"), " '", Application, "'"]),
    [
        begin
            {ok, Chunk} = file:read_file(filename:join([Application, "doc", "chunks", atom_to_list(Module) ++ ".chunk"])),
            {docs_v1, _, erlang, _, #{<<"en">> := _}, _, Entries} = binary_to_term(Chunk),
            [] = [Name || {{function, _, _} = Name, _, _, none, _} <- Entries]
        end
     || Module <- [beamtap, beamtap_toggle, beamtap_mode, beamtap_options]
    ],
    %% No quoting of edoc's is left in what is shown.
    [] = [
        {filename:basename(File), Text}
     || File <- filelib:wildcard(filename:join([Application, "doc", "chunks", "beamtap*.chunk"])),
        {ok, Chunk} <- [file:read_file(File)],
        {docs_v1, _, _, _, Module, _, Entries} <- [binary_to_term(Chunk)],
        #{<<"en">> := Doc} <- [Module | [Doc || {_, _, _, Doc, _} <- Entries]],
        Text <- prose(Doc),
        re:run(Text, "[`\\\\]|''", [{capture, none}]) =:= match
    ],
    %% Nothing is made twice, and nothing for what is not for users.
    {0, []} = shell([filename:join(beamtap_world:root(), "scripts/build-docs"), " '", Application, "'"]),
    false = filelib:is_regular(filename:join([Application, "doc", "chunks", "beamtap_session.chunk"])),
    {ok, Beamtap} = file:read_file(filename:join([Application, "doc", "chunks", "beamtap.chunk"])),
    {docs_v1, _, _, _, _, _, Functions} = binary_to_term(Beamtap),
    [Start] = [Text || {{function, start, 2}, _, _, #{<<"en">> := Text}, _} <- Functions],
    Said = unicode:characters_to_binary(io_lib:format("~tp", [Start])),
    Options = beamtap_options:keys(option),
    [] = [Key || Key <- Options ++ beamtap_spec:classes(), Key =/= call, binary:match(Said, atom_to_binary(Key)) =:= nomatch].

%% The texts but for examples, which are shown as they are.
prose({pre, _, _}) -> [];
prose({_, _, Content}) -> prose(Content);
prose(Parts) when is_list(Parts) -> lists:append([prose(Part) || Part <- Parts]);
prose(Text) -> [Text].

my_genserver_is_slow(_) -> run(?FUNCTION_NAME).

what_is_this_node_doing(_) -> run(?FUNCTION_NAME).

catch_it_when_it_happens(_) -> run(?FUNCTION_NAME).

from_other_tools(_) -> run(?FUNCTION_NAME).

%%% The blocks of a guide, one after the other, with the variables that those before have bound

run(Case) ->
    {ok, Text} = file:read_file(filename:join(guides(), name(Case) ++ ".md")),
    {match, Blocks} = re:run(Text, "(?s)```(erlang|sh)\\n(.*?)```", [global, {capture, all_but_first, list}, unicode]),
    Leader = group_leader(),
    true = group_leader(spawn_link(fun() -> mute(Leader) end), self()),
    _ = lists:foldl(fun block/2, erl_eval:new_bindings(), Blocks),
    true = group_leader(Leader, self()),
    ct:comment("~b blocks", [length(Blocks)]).

%% Common Test's own group leader does not survive a request to read.
mute(Leader) ->
    receive
        {io_request, From, As, {get_line, _, _}} -> From ! {io_reply, As, {error, enotsup}};
        Request -> Leader ! Request
    end,
    mute(Leader).

guides() -> filename:join(beamtap_world:root(), "docs/guides").

name(Case) -> lists:flatten(string:replace(atom_to_list(Case), "_", "-", all)).

block(["sh", Text], Bindings) ->
    {0, _} = shell(Text),
    Bindings;
block(["erlang", "-module(" ++ _ = Text], Bindings) ->
    {ok, Module, Code} = compile:forms(forms(Text)),
    {module, Module} = code:load_binary(Module, "guide", Code),
    Bindings;
block(["erlang", Text], Bindings) ->
    lists:foldl(
        fun(Expressions, Bound) ->
            {value, _, Next} = erl_eval:exprs(Expressions, Bound),
            Next
        end,
        Bindings,
        expressions(Text)
    ).

forms(Text) -> [parsed(fun erl_parse:parse_form/1, Tokens) || Tokens <- statements(Text)].

expressions(Text) -> [parsed(fun erl_parse:parse_exprs/1, Tokens) || Tokens <- statements(Text)].

parsed(Parse, Tokens) ->
    case Parse(Tokens) of
        {ok, Parsed} -> Parsed;
        {error, Reason} -> ct:fail({Reason, Tokens})
    end.

%% Up to each full stop.
statements(Text) ->
    {ok, Tokens, _} = erl_scan:string(Text),
    statements(Tokens, []).

statements([], []) -> [];
statements([{dot, _} = Dot | Rest], Seen) -> [lists:reverse([Dot | Seen]) | statements(Rest, [])];
statements([Token | Rest], Seen) -> statements(Rest, [Token | Seen]).

shell(Command) ->
    Path = filename:join(beamtap_world:root(), "priv/native") ++ ":" ++ os:getenv("PATH"),
    Port = open_port({spawn_executable, "/bin/sh"}, [
        {args, ["-ec", Command]}, {env, [{"PATH", Path}]}, exit_status, stderr_to_stdout, use_stdio
    ]),
    shown(Port, []).

shown(Port, Said) ->
    receive
        {Port, {data, Data}} ->
            shown(Port, [Said | Data]);
        {Port, {exit_status, Status}} ->
            io:put_chars(Said),
            {Status, Said}
    end.
