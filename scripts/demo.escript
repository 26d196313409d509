#!/usr/bin/env escript
%%! -noinput
%% Records a real program on an unmodified VM, and prints the report: the compiler compiles beamtap's own sources.
-mode(compile).

%% Modules of the compiler of which all functions are traced.
-define(INSIDE, ["compile:_", "v3_core:_", "v3_kernel:_"]).
%% Passes of which only the entry is traced: inside they make millions of calls.
-define(PASSES, [
    {sys_core_fold, "module"}, {beam_ssa_opt, "ssa_opt_"}, {beam_ssa_opt, "module"}, {beam_ssa_type, "opt_start"},
    {beam_ssa_type, "opt_continue"}, {beam_ssa_type, "opt_finish"}, {beam_ssa_pre_codegen, "module"},
    {beam_ssa_codegen, "module"}, {beam_ssa_bool, "module"}, {beam_ssa_dead, "opt"}, {beam_ssa_share, "module"},
    {beam_validator, "validate"}, {beam_kernel_to_ssa, "module"}, {beam_jump, "module"}, {beam_asm, "module"},
    {beam_block, "module"}, {beam_clean, "module"}, {beam_trim, "module"}, {beam_flatten, "module"},
    {erl_lint, "module"}, {erl_expand_records, "module"}, {epp, "parse_file"}, {sys_core_alias, "module"}
]).
-define(BOUNDS, #{for => 30000, events => 20000000}).

main([Root]) ->
    _ = io:setopts([{encoding, unicode}]),
    true = code:add_patha(filename:join(Root, "_build/default/lib/beamtap/ebin")),
    Sources = filelib:wildcard(filename:join(Root, "erlang_src/*/*.erl")),
    compile_all(Sources),
    Untraced = duration(fun() -> compile_all(Sources) end),
    Spec = #{
        functions => ?INSIDE ++ lists:append([entries(Module, Prefix) || {Module, Prefix} <- ?PASSES]),
        classes => [call, return, exception, running, procs, garbage_collection],
        targets => [self(), new]
    },
    case beamtap:start(Spec, ?BOUNDS) of
        {ok, Tap} ->
            Traced = duration(fun() -> compile_all(Sources) end),
            {ok, Receipt} = beamtap:stop(Tap),
            tell(Tap, Receipt, length(Sources), Untraced, Traced);
        {error, #{message := Message, remedy := Remedy}} ->
            io:format(standard_error, "demo: ~ts~ndemo: ~ts~n", [Message, Remedy]),
            halt(1)
    end.

%% Releases differ in which passes there are.
entries(Module, Prefix) ->
    case code:ensure_loaded(Module) of
        {module, Module} ->
            [
                {Module, F, A}
             || {F, A} <- Module:module_info(functions), lists:prefix(Prefix, atom_to_list(F)), F =/= module_info
            ];
        {error, _} ->
            []
    end.

compile_all(Sources) ->
    [{ok, _, _} = compile:file(Source, [binary]) || Source <- Sources],
    ok.

duration(Fun) ->
    {Microseconds, ok} = timer:tc(Fun),
    Microseconds / 1000.

tell(Tap, #{path := Path}, Count, Untraced, Traced) ->
    io:format("~nThe compiler of OTP ~s compiled ~b modules: ~.1f ms untraced, ~.1f ms traced.~n~n", [
        erlang:system_info(otp_release), Count, Untraced, Traced
    ]),
    ok = beamtap:report(Tap),
    io:format("~nThe trace is ~ts~n~nNext:~n", [Path]),
    [
        io:format("  ~ts~n", [Command])
     || Command <- [
            ["priv/native/beamtapd info ", Path],
            ["priv/native/beamtapd report ", Path, " --sort total"],
            ["priv/native/beamtapd report ", Path, " --json | python3 -m json.tool"],
            ["babeltrace2 ", Path, " | head"]
        ]
    ],
    ok.
