%% One version and one list of names for every build tool.
-module(beamtap_build_SUITE).

-export([all/0, init_per_suite/1, end_per_suite/1]).
-export([root/0]).
-export([one_version/1, registered_names/1, every_module_listed/1]).

all() -> [one_version, registered_names, every_module_listed].

init_per_suite(Config) ->
    ok = application:ensure_started(beamtap),
    ok = application:stop(beamtap),
    Config.

end_per_suite(_) ->
    ok.

one_version(_) ->
    {ok, Cargo} = file:read_file(filename:join(root(), "Cargo.toml")),
    {match, [Version]} = re:run(
        Cargo, "\\[workspace\\.package\\][^[]*?\\nversion = \"([^\"]+)\"", [{capture, all_but_first, list}]
    ),
    {ok, Version} = application:get_key(beamtap, vsn),
    Mix = os:find_executable("mix"),
    case Mix of
        false ->
            ct:comment("mix is not installed");
        _ ->
            Eval = "Mix.start(); Code.require_file(\"mix.exs\"); IO.puts(Mix.Project.config()[:version])",
            Version = string:trim(os:cmd("cd '" ++ root() ++ "' && elixir -e '" ++ Eval ++ "'"))
    end.

%% The names in the application's resource file are those that are registered.
registered_names(_) ->
    Before = registered(),
    {ok, _} = application:ensure_all_started(beamtap),
    {ok, Names} = application:get_key(beamtap, registered),
    Now = registered() -- Before,
    ok = application:stop(beamtap),
    %% The session is there only while a tap is.
    [beamtap_session] = Names -- Now,
    [] = Now -- Names.

every_module_listed(_) ->
    {ok, Modules} = application:get_key(beamtap, modules),
    Sources = [
        list_to_atom(filename:basename(File, ".erl"))
     || File <- filelib:wildcard(filename:join(root(), "erlang_src/*.erl"))
    ],
    [] = Sources -- Modules,
    [] = Modules -- Sources.

%% @doc The checkout: the sources of the suites are beside those of the application.
root() ->
    {source, Source} = lists:keyfind(source, 1, beamtap:module_info(compile)),
    filename:dirname(filename:dirname(Source)).
