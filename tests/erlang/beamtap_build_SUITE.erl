%% One version and one list of names for every build tool; projects of either tool that use beamtap.
-module(beamtap_build_SUITE).

-export([all/0, init_per_suite/1, end_per_suite/1]).
-export([one_version/1, registered_names/1, every_module_listed/1]).
-export([mix_dependency/1, rebar_checkout/1, incomplete_prebuilt/1, without_symbols/1]).

-define(TOOL_TIMEOUT_MS, 300000).
%% The native files as they are shipped: 7 MB without their symbols, 43 MB with them.
-define(MOST_BYTES, 12000000).

all() -> [one_version, registered_names, every_module_listed, mix_dependency, rebar_checkout, incomplete_prebuilt, without_symbols].

init_per_suite(Config) ->
    ok = application:ensure_started(beamtap),
    ok = application:stop(beamtap),
    Config.

end_per_suite(_) ->
    ok.

one_version(_) ->
    {ok, Cargo} = file:read_file(filename:join(beamtap_world:root(), "Cargo.toml")),
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
            Version = string:trim(os:cmd("cd '" ++ beamtap_world:root() ++ "' && elixir -e '" ++ Eval ++ "'"))
    end.

%% The names in the application's resource file are those that are registered, at once or while a tap records.
registered_names(_) ->
    Before = registered(),
    {ok, _} = application:ensure_all_started(beamtap),
    {ok, Names} = application:get_key(beamtap, registered),
    Now = registered() -- Before,
    ok = application:stop(beamtap),
    [beamtap_allocators, beamtap_schedulers, beamtap_seq_trace, beamtap_system_monitor] = lists:sort(Names -- Now),
    [] = Now -- Names.

every_module_listed(_) ->
    {ok, Modules} = application:get_key(beamtap, modules),
    Sources = [
        list_to_atom(filename:basename(File, ".erl"))
     || File <- filelib:wildcard(filename:join(beamtap_world:root(), "erlang_src/*/*.erl"))
    ],
    [] = Sources -- Modules,
    [] = Modules -- Sources.

%% A project of mix compiles, runs, and makes a release that runs with the native files inside.
mix_dependency(Config) ->
    Sample = sample(mix_app, ?FUNCTION_NAME, Config),
    Build = [{"BEAMTAP_CHECKOUT", checkout(?FUNCTION_NAME, Config)}, prebuilt()],
    <<"recorded 100 calls">> = run(Sample, "mix", ["run", "-e", "MixApp.main()"], [output(Sample, "run") | Build]),
    ok = documented(filename:join(Sample, "_build/dev/lib/beamtap")),
    _ = run(Sample, "mix", ["release", "--quiet"], [{"MIX_ENV", "prod"} | Build]),
    Release = filename:join(Sample, "_build/prod/rel/mix_app"),
    ok = complete(filename:join(Release, "lib/beamtap-*/priv/native")),
    Eval = "{:ok, _} = Application.ensure_all_started(:beamtap); MixApp.main()",
    <<"recorded 100 calls">> = run(
        Sample, filename:join(Release, "bin/mix_app"), ["eval", Eval], [output(Sample, "release"), no_native_dir()]
    ).

%% The same with rebar3.
rebar_checkout(Config) ->
    Sample = sample(rebar_app, ?FUNCTION_NAME, Config),
    ok = file:make_dir(filename:join(Sample, "_checkouts")),
    ok = file:make_symlink(checkout(?FUNCTION_NAME, Config), filename:join(Sample, "_checkouts/beamtap")),
    _ = run(Sample, "rebar3", ["release"], [prebuilt(), {"REBAR_BASE_DIR", false}]),
    ok = documented(filename:join(Sample, "_build/default/checkouts/beamtap")),
    Release = filename:join(Sample, "_build/default/rel/rebar_app"),
    ok = complete(filename:join(Release, "lib/beamtap-*/priv/native")),
    [Erts] = filelib:wildcard(filename:join(Release, "erts-*/bin")),
    Boot = filename:join(Release, "releases/0.1.0/start"),
    <<"recorded 100 calls">> = run(
        Sample,
        filename:join(Erts, "erlexec"),
        ["-noinput", "-boot", Boot, "-eval", "rebar_app:main(), halt()."],
        [output(Sample, "release"), no_native_dir(), {"ROOTDIR", Release}, {"BINDIR", Erts}]
    ).

%% A directory of prebuilt files that lacks one is named, and nothing is built instead.
incomplete_prebuilt(Config) ->
    Checkout = checkout(?FUNCTION_NAME, Config),
    Empty = beamtap_world:scratch(empty, Config),
    ok = file:make_dir(Empty),
    {69, Said} = tool(Checkout, filename:join(Checkout, "scripts/build-native"), [], [{"BEAMTAP_NATIVE_DIR", Empty}]),
    {_, _} = binary:match(Said, <<"libbeamtap_nif.so is missing">>),
    false = filelib:is_dir(filename:join(Checkout, "priv")).

%% Files are shipped without their symbols; those are beside them where somebody asks for them.
without_symbols(Config) ->
    Checkout = checkout(?FUNCTION_NAME, Config),
    Built = beamtap_world:scratch(built, Config),
    ok = file:make_dir(Built),
    Names = ["beamtapd", "libbeamtap_nif.so", "libbeamtap_provider.so", "libbeamtap_provider_otp.so"],
    Source = filename:join(Built, "source.c"),
    ok = file:write_file(Source, "static int hidden(int n) { return n + 1; } int shown(int n) { return hidden(n); }"),
    [{0, _} = tool(Built, "cc", ["-g", "-shared", "-fPIC", "-o", Name, "source.c"], []) || Name <- Names],
    Ship = fun(Env) -> {0, _} = tool(Checkout, filename:join(Checkout, "scripts/build-native"), [], [{"BEAMTAP_NATIVE_DIR", Built} | Env]) end,
    Shipped = filename:join(Checkout, "priv/native"),
    Symbols = fun(File) -> element(2, tool(Shipped, "nm", [File], [])) end,
    Has = fun(File, Name) -> nomatch =/= binary:match(Symbols(File), Name) end,
    _ = Ship([{"BEAMTAP_SYMBOLS", false}]),
    ok = complete(Shipped),
    [false = Has(Name, <<"hidden">>) || Name <- Names],
    {0, Dynamic} = tool(Shipped, "nm", ["-D", "libbeamtap_nif.so"], []),
    {_, _} = binary:match(Dynamic, <<"shown">>),
    _ = Ship([{"BEAMTAP_SYMBOLS", "1"}]),
    [{false, true} = {Has(Name, <<"hidden">>), Has(Name ++ ".debug", <<"hidden">>)} || Name <- Names],
    ok.

sample(Name, Case, Config) ->
    Copy = beamtap_world:scratch(Case, Config),
    copy(filename:join([beamtap_world:root(), "tests/samples", Name]), Copy),
    Copy.

%% What the build tools need of the checkout, without anything built.
checkout(Case, Config) ->
    Copy = beamtap_world:scratch(Case, Config) ++ "-checkout",
    ok = file:make_dir(Copy),
    _ = [
        copy(filename:join(beamtap_world:root(), Part), filename:join(Copy, Part))
     || Part <- ["mix.exs", "rebar.config", "rebar.lock", "erlang_src", "lib", "scripts"]
    ],
    Copy.

copy(From, To) ->
    {0, _} = tool(beamtap_world:root(), "cp", ["-r", From, To], []).

%% The files of this build; the runner may have been told of others.
prebuilt() -> {"BEAMTAP_NATIVE_DIR", filename:absname(beamtap_files:directory())}.
no_native_dir() -> {"BEAMTAP_NATIVE_DIR", false}.
output(Sample, Name) -> {"SAMPLE_OUTPUT", filename:join([Sample, "trace", Name])}.

complete(Pattern) ->
    [Directory] = filelib:wildcard(Pattern),
    {ok, Files} = file:list_dir(Directory),
    ["beamtapd", "libbeamtap_nif.so", "libbeamtap_provider.so", "libbeamtap_provider_otp.so"] = lists:sort(Files),
    Bytes = lists:sum([filelib:file_size(filename:join(Directory, File)) || File <- Files]),
    true = Bytes < ?MOST_BYTES,
    ok.

%% What h/1 shows is beside the modules, where OTP has what makes it.
documented(Application) ->
    HasEdoc = code:which(edoc_doclet_chunks) =/= non_existing,
    {Application, HasEdoc} = {Application, filelib:is_regular(filename:join(Application, "doc/chunks/beamtap.chunk"))},
    ok.

%% The last line that a tool prints; it must succeed.
run(Directory, Name, Arguments, Env) ->
    case tool(Directory, Name, Arguments, Env) of
        {0, Said} -> lists:last(binary:split(Said, <<"\n">>, [global, trim_all]));
        {Status, Said} -> ct:fail("~ts ~tp in ~ts ended with ~p:~n~ts", [Name, Arguments, Directory, Status, Said])
    end.

tool(Directory, Name, Arguments, Env) ->
    Port = open_port({spawn_executable, executable(Name)}, [
        {args, Arguments}, {cd, Directory}, {env, Env}, exit_status, stderr_to_stdout, binary, use_stdio, hide
    ]),
    collect(Port, <<>>).

executable(Name) ->
    case os:find_executable(Name) of
        false -> ct:fail("~ts is not installed: run scripts/setup", [Name]);
        File -> File
    end.

collect(Port, Said) ->
    receive
        {Port, {data, Data}} -> collect(Port, <<Said/binary, Data/binary>>);
        {Port, {exit_status, Status}} -> {Status, Said}
    after ?TOOL_TIMEOUT_MS ->
        ct:fail("silent for too long after:~n~ts", [Said])
    end.
