%% A real program on an unmodified VM, recorded and reported: the compiler compiles beamtap's own sources.
%%! -noinput

%% Passes of the compiler whose every function is traced; of the others, the function they are entered by.
-define(INSIDE, ["compile:_", "v3_core:_", "sys_core_fold:_", "v3_kernel:_"]).
-define(ENTRIES, ["beam_ssa_opt:module/2", "beam_ssa_pre_codegen:module/2", "beam_ssa_codegen:module/2",
    "beam_validator:validate/2", "beam_kernel_to_ssa:module/2", "beam_jump:module/2", "beam_asm:module/4",
    "erl_lint:module/3", "erl_expand_records:module/2"]).
-define(BOUNDS, #{for => 30000, events => 5000000}).

main([Root]) ->
    true = code:add_patha(filename:join(Root, "_build/default/lib/beamtap/ebin")),
    Sources = filelib:wildcard(filename:join(Root, "erlang_src/*.erl")),
    compile_all(Sources),
    Untraced = duration(fun() -> compile_all(Sources) end),
    Spec = #{
        functions => ?INSIDE ++ ?ENTRIES,
        classes => [call, return_to, running, procs, garbage_collection],
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

compile_all(Sources) ->
    [{ok, _, _} = compile:file(Source, [binary]) || Source <- Sources],
    ok.

duration(Fun) ->
    {Microseconds, ok} = timer:tc(Fun),
    Microseconds / 1000.

tell(Tap, #{path := Path} = Receipt, Count, Untraced, Traced) ->
    io:format("~nThe compiler of OTP ~s compiled ~b modules: ~.1f ms untraced, ~.1f ms traced.~n~n", [
        erlang:system_info(otp_release), Count, Untraced, Traced
    ]),
    ok = beamtap:report(Tap),
    io:format("~nReceipt: ~tp~n", [maps:without([path], Receipt)]),
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
