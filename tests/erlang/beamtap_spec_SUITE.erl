%% What a user may type as spec and options, and what the answer is when it makes no sense.
-module(beamtap_spec_SUITE).

-export([all/0]).
-export([specs/1, refused_specs/1, options/1, refused_options/1, misplaced_keys/1, one_argument/1, any_wrong_key/1, any_wrong_value/1, classes_by_other_names/1]).
-export([near_names/1, functions/1, no_functions/1, told_in_elixir/1]).

all() ->
    [
        specs,
        refused_specs,
        options,
        refused_options,
        misplaced_keys,
        one_argument,
        any_wrong_key,
        any_wrong_value,
        classes_by_other_names,
        near_names,
        functions,
        no_functions,
        told_in_elixir
    ].

specs(_) ->
    Seq = #{what => {lists, seq, 2}, actions => []},
    Text = #{what => {<<"lists">>, <<"seq">>, 2}, actions => []},
    Expected = [
        {{lists, seq, 2}, [call], [Seq], [all]},
        {"lists:seq/2", [call], [Text], [all]},
        {<<"lists:seq/2">>, [call], [Text], [all]},
        {fun lists:seq/2, [call], [Seq], [all]},
        {lists, [call], [#{what => {lists, '_', '_'}, actions => []}], [all]},
        {{app, stdlib}, [call], [#{what => {app, stdlib}, actions => []}], [all]},
        {[{lists, seq, 2}, procs], [call, procs], [Seq], [all]},
        {["lists:seq/2", {lists, seq, 2}], [call], [Text, Seq], [all]},
        {{{lists, seq, 2}, return}, [call], [Seq#{actions := [return]}], [all]},
        {[{"lists:seq/2 -> return", exception}], [call], [Text#{actions := [exception, return]}], [all]},
        {[return, {lists, seq, 2}], [call], [Seq#{actions := [return]}], [all]},
        {[call, return_to, {lists, seq, 2}], [call, return_to], [Seq], [all]},
        {procs, [procs], [], [all]},
        {[{classes, [running, 'receive']}, {targets, new}], ['receive', running], [], [new]},
        {#{classes => send, targets => [self(), init]}, [send], [], lists:sort([self(), init])},
        {[procs, set_on_spawn, set_on_link], [procs], [], [all]},
        {{behaviour, gen_server}, [call], [#{what => {behaviour, gen_server}, actions => []}], [all]},
        {#{classes => procs, targets => [{app, kernel}, {supervisor, kernel_sup}]}, [procs], [], [
            {app, kernel}, {supervisor, kernel_sup}
        ]},
        {#{classes => procs, targets => {initial_call, {supervisor, '_', '_'}}}, [procs], [], [
            {initial_call, {supervisor, '_', '_'}}
        ]},
        {all, beamtap_spec:classes() -- [call, return_to, seq_trace, system_monitor, schedulers, allocators], [], [all]},
        {[schedulers, procs], [procs, schedulers], [], [all]}
    ],
    lists:foreach(
        fun({Spec, Classes, Functions, Targets}) ->
            {ok, Checked} = beamtap_spec:check(Spec),
            Sorted = lists:sort(Classes),
            {Spec, Sorted, Functions, Targets} =
                {Spec, lists:sort(maps:get(classes, Checked)), maps:get(functions, Checked), maps:get(targets, Checked)}
        end,
        Expected
    ).

refused_specs(_) ->
    Local = fun(X) -> X end,
    Expected = [
        {[], empty_spec},
        {#{}, empty_spec},
        {#{classes => []}, empty_spec},
        {call, no_functions},
        {[return_to, procs], no_functions},
        {[return], no_functions},
        {7, bad_function},
        {{lists, seq, 256}, bad_function},
        {{lists, seq, -1}, bad_function},
        {{1, 2, 3, 4}, bad_function},
        {Local, bad_function},
        {{lists, seq}, unknown_action},
        {"lists:seq/x", bad_pattern},
        {#{function => lists}, unknown_key},
        {#{"functions" => lists}, unknown_key},
        {#{classes => proc}, unknown_class},
        {#{classes => 7}, unknown_class},
        {#{classes => procs, targets => []}, bad_target},
        {#{classes => procs, targets => "init"}, bad_target},
        {#{classes => procs, targets => [1.5]}, bad_target},
        {#{classes => procs, targets => {app, "kernel"}}, bad_target},
        {#{classes => procs, targets => {initial_call, lists}}, bad_target},
        {set_on_spawn, empty_spec},
        {[lists | maps], bad_shape},
        {[{classes, procs}, nonsense], bad_shape}
    ],
    lists:foreach(fun({Spec, Reason}) -> refused(Spec, Reason, beamtap_spec:check(Spec)) end, Expected).

options(_) ->
    Self = self(),
    {ok, #{for := 10000, events := 1000000, output := default, owner := Self}} = beamtap_options:check([], Self),
    {ok, #{for := infinity, events := 5, rate := 9}} =
        beamtap_options:check(#{for => infinity, events => 5, rate => 9}, Self),
    {ok, #{output := <<"/tmp/x">>}} = beamtap_options:check([{output, "/tmp/x"}], Self),
    {ok, #{sample_every := 1000, system_monitor := #{long_gc := 50, busy_port := true} = Defaults}} =
        beamtap_options:check(#{}, Self),
    %% What is left out stays as it is.
    {ok, #{sample_every := 100, system_monitor := Given}} =
        beamtap_options:check(#{sample_every => 100, system_monitor => [{long_gc, 7}, {busy_port, false}]}, Self),
    Given = Defaults#{long_gc := 7, busy_port := false},
    {ok, #{rotate := Rotate, files := Files}} =
        beamtap_options:check([{rotate, #{every => 1000}}, {files, #{size => 4096, count => 2}}], Self),
    {ok, #{rotate := Rotate, files := Files}} =
        beamtap_options:check([{rotate, [{every, 1000}]}, {files, [{size, 4096}, {count, 2}]}], Self),
    {ok, #{subbuf_size := 4096, num_subbuf := 2}} = beamtap_options:check(#{subbuf_size => 4096, num_subbuf => 2}, Self).

refused_options(_) ->
    Expected = [
        {#{fro => 1}, unknown_key},
        {#{for => 0}, bad_option},
        {#{for => "1s"}, bad_option},
        {#{events => 0}, bad_option},
        {#{events => forever}, bad_option},
        {#{rate => 0}, bad_option},
        {#{rate => 1.5}, bad_option},
        {#{subbuf_size => 5000}, bad_option},
        {#{subbuf_size => 2048}, bad_option},
        {#{num_subbuf => 1}, bad_option},
        {#{num_subbuf => 3}, bad_option},
        {#{output => ""}, bad_option},
        {#{output => <<0>>}, bad_option},
        {#{owner => me}, bad_option},
        {#{sample_every => 99}, bad_option},
        {#{sample_every => infinity}, bad_option},
        {#{system_monitor => #{long_gcs => 1}}, unknown_key},
        {#{system_monitor => #{long_gc => true}}, bad_option},
        {#{system_monitor => #{large_heap => 0}}, bad_option},
        {#{system_monitor => #{busy_port => 1}}, bad_option},
        {#{system_monitor => #{long_message_queue => {10, 10}}}, bad_option},
        {#{system_monitor => all}, bad_shape},
        {[for], bad_shape},
        {nothing, bad_shape}
    ],
    lists:foreach(fun({Opts, Reason}) -> refused(Opts, Reason, beamtap_options:check(Opts, self())) end, Expected).

%% What is right in the other argument, or has this name in another tool.
misplaced_keys(_) ->
    Options = [
        {targets, <<"unknown option targets">>, "beamtap:start(#{functions => ..., targets => ...}, Opts)"},
        {target, <<"unknown option target; did you mean targets?">>, "targets => ...}, Opts)"},
        {pid, <<"unknown option pid; did you mean targets?">>, "targets => ...}, Opts)"},
        {procs, <<"unknown option procs; did you mean targets?">>, "targets => ...}, Opts)"},
        {functions, <<"unknown option functions">>, "beamtap:start(#{functions => ...}, Opts)"},
        {time, <<"unknown option time; did you mean for?">>, "known options: for, events"},
        {fro, <<"unknown option fro; did you mean for?">>, "known options: for, events"},
        {"for", <<"unknown option \"for\"; did you mean for?">>, "known options: for, events"},
        {msgs, <<"unknown option msgs; did you mean events?">>, "known options: for, events"},
        {args, <<"unknown option args; did you mean payload?">>, "known options: for, events"},
        {nonsense, <<"unknown option nonsense">>, "h(beamtap, start, 2)"}
    ],
    lists:foreach(
        fun({Key, Message, Remedy}) -> told(Key, Message, Remedy, worded(beamtap_options:check(#{Key => 1}, self()))) end, Options
    ),
    %% As recon and dbg are called.
    {error, #{reason := bad_shape, remedy := <<"to limit the number of events, pass #{events => 10}">>}} =
        worded(beamtap_options:check(10, self())),
    {error, #{reason := bad_shape, remedy := <<"targets go with the functions: ", _/binary>>}} =
        worded(beamtap_options:check(self(), self())),
    Keys = [
        {for, <<"unknown key for">>, "beamtap:start(Spec, #{for => ...})"},
        {time, <<"unknown key time; did you mean for?">>, "beamtap:start(Spec, #{for => ...})"},
        {target, <<"unknown key target; did you mean targets?">>, "known keys: functions, classes, targets"},
        {pid, <<"unknown key pid; did you mean targets?">>, "known keys: functions, classes, targets"},
        {module, <<"unknown key module; did you mean functions?">>, "known keys: functions, classes, targets"}
    ],
    lists:foreach(
        fun({Key, Message, Remedy}) -> told(Key, Message, Remedy, worded(beamtap_spec:check(#{functions => lists, Key => 1}))) end, Keys
    ).

%% A key stands in either argument: no option is a key of a spec.
one_argument(_) ->
    [] = [Key || Key <- beamtap_options:keys(spec), lists:member(Key, beamtap_options:keys(option))],
    Expected = {ok, #{functions => lists, targets => all}, #{for => 5, rate => 9}},
    lists:foreach(
        fun({Spec, Opts}) -> {Spec, Opts, Expected} = {Spec, Opts, beamtap_spec:divide(Spec, Opts)} end,
        [
            {#{functions => lists, targets => all, for => 5, rate => 9}, #{}},
            {[{functions, lists}, {targets, all}, {for, 5}, {rate, 9}], []},
            {[{for, 5}, {functions, lists}, {targets, all}], [{rate, 9}]},
            {#{functions => lists, for => 5}, #{rate => 9, targets => all}}
        ]
    ),
    %% The short forms.
    {ok, #{functions := ["lists:seq/2"], targets := all}, #{for := 5}} =
        beamtap_spec:divide("lists:seq/2", #{for => 5, targets => all}),
    {ok, #{functions := [{files, return}], classes := [procs], targets := all}, #{}} =
        beamtap_spec:divide([{files, return}, procs], #{targets => all}),
    {ok, [{files, return}, procs], #{for := 5}} = beamtap_spec:divide([{files, return}, procs, {for, 5}], []),
    %% As it is, where nothing is out of place.
    lists:foreach(
        fun({Spec, Opts}) -> {ok, Spec, Opts} = beamtap_spec:divide(Spec, Opts) end,
        [{"lists:seq/2", []}, {[procs, send], #{for => 5}}, {[{files, return}], [{for, 5}]}, {7, 7}, {[a | b], [a | b]}, {[], []}]
    ),
    %% Nothing is taken twice, and what is wrong is told as ever.
    {error, #{reason := bad_shape, message := <<"for is in both arguments">>}} =
        worded(beamtap_spec:divide(#{functions => lists, for => 5}, #{for => 6})),
    {error, #{reason := bad_shape, message := <<"functions is in both arguments">>}} =
        worded(beamtap_spec:divide("lists:seq/2", #{functions => lists})),
    {error, #{reason := empty_spec}} = started([{for, 5}], []),
    {error, #{reason := unknown_key, message := <<"unknown key function; did you mean functions?">>}} =
        started([{function, lists}, {for, 5}], []),
    {error, #{reason := bad_option, message := <<"invalid value x for \"for\": expected milliseconds from 1 on, or infinity">>}} =
        started(#{functions => lists, for => x}, #{}),
    %% What runs has its bounds already.
    {error, #{reason := unknown_key}} = beamtap_spec:check_change(#{functions => lists, for => 5}).

%% Refused before anything is asked of the VM.
started(Spec, Opts) -> beamtap:start(Spec, Opts).

told(Key, Message, Remedy, {error, #{message := Message, remedy := Said}} = Error) ->
    {Key, {_, _}} = {Key, binary:match(Said, list_to_binary(Remedy))},
    refused(Key, unknown_key, Error).

%% One wrong letter in a name leads to the name, whatever the letter.
any_wrong_key(_) ->
    ok = beamtap_seed:new(?FUNCTION_NAME),
    Known = [for, events, rate, output, payload, owner, system_monitor, sample_every, mode, buffers, subbuf_size, rotate],
    lists:foreach(
        fun(_) ->
            Key = beamtap_seed:one_of(Known),
            Typed = mistyped(atom_to_list(Key)),
            case [K || K <- [functions, classes, targets | Known], atom_to_list(K) =:= Typed] of
                [] ->
                    {error, #{message := Message}} = Error = worded(beamtap_options:check([{list_to_binary(Typed), 1}], self())),
                    refused(Typed, unknown_key, Error),
                    {Typed, Key, {_, _}} = {Typed, Key, binary:match(Message, <<"; did you mean ">>)};
                [_] ->
                    ok
            end
        end,
        lists:seq(1, 500)
    ).

%% A letter replaced, left out, put in, or exchanged with the next.
mistyped(Name) ->
    At = rand:uniform(length(Name) - 1) - 1,
    {Before, [One, Two | After]} = lists:split(At, Name),
    Letter = $a + rand:uniform(26) - 1,
    Before ++ beamtap_seed:one_of([[Letter, Two], [Two], [Letter, One, Two], [Two, One]]) ++ After.

%% Whatever the value, it is taken, or refused with an error that names the option; it never raises.
any_wrong_value(_) ->
    Keys = [
        for, events, rate, output, payload, owner, system_monitor, sample_every, mode, buffers, subbuf_size, num_subbuf,
        on_full, buffers_per, switch_timer, files, rotate, shm_path
    ],
    Values = [
        0, -1, 1.5, 1 bsl 70, "", "x", <<>>, <<255>>, <<1:3>>, [], [[]], [a | b], {}, {a}, {text, 7}, {a, b, c}, #{}, #{a => 1},
        true, false, undefined, infinity, self(), make_ref(), fun() -> ok end, [{a, 1}], [1, 2], "\x{10ffff}", {live, x}, lists
    ],
    Outcomes = [
        case worded(beamtap_options:check(#{Key => Value}, self())) of
            {ok, #{}} ->
                taken;
            {error, #{reason := Reason, message := Message, remedy := Remedy}} = Error ->
                refused({Key, Value}, Reason, Error),
                refused({elixir, Key, Value}, Reason, in_elixir(Error)),
                Reason =:= bad_option andalso
                    ({Key, Value, true} = {Key, Value, names(Key, Message) orelse names(Key, Remedy)}),
                refused
        end
     || Key <- Keys, Value <- Values
    ],
    [refused, taken] = lists:usort(Outcomes),
    %% And as a spec.
    Answers = [beamtap_spec:check(Value) || Value <- Values] ++
        [beamtap_spec:check(#{Key => Value}) || Key <- [functions, classes, targets], Value <- Values] ++
        [beamtap_options:check(Value, self()) || Value <- Values],
    [refused(Error, Reason, Error) || {error, #{reason := Reason}} = Error <- Answers].

names(Key, Text) -> binary:match(Text, atom_to_binary(Key)) =/= nomatch.

%% An error that is worded for Elixir has Elixir's names, terms and calls, from the same facts.
told_in_elixir(_) ->
    Said = fun(Answer) -> {error, #{message := M, remedy := R}} = in_elixir(worded(Answer), "inspected "), {M, R} end,
    {<<"unknown option inspected pid; did you mean inspected targets?">>,
        <<"targets go with the functions: Beamtap.start([functions: ..., targets: ...], opts)">>} =
        Said(beamtap_options:check([{pid, self()}], self())),
    {<<"invalid value inspected x for \"for\": expected milliseconds from 1 on, or inspected infinity">>,
        <<"for example for: inspected 5000">>} = Said(beamtap_options:check([{for, x}], self())),
    {<<"invalid value x for \"for\": ", _/binary>>, <<"for example #{for => 5000}">>} =
        begin
            {error, #{message := M, remedy := R}} = worded(beamtap_options:check([{for, x}], self())),
            {M, R}
        end.

worded(Answer) -> beamtap_wording:word(Answer, erlang).

in_elixir(Error) ->
    in_elixir(Error, "").

%% With a mark before each term.
in_elixir(Error, Mark) ->
    beamtap_wording:word(Error, {elixir, fun(Term) -> [Mark, io_lib:format("~0tP", [Term, 20])] end}).

%% One line each, and nothing else; and a shell, which cuts long binaries, shows them whole.
refused(Given, Reason, {error, Facts}) when not is_map_key(message, Facts) ->
    refused(Given, Reason, worded({error, Facts})),
    refused({elixir, Given}, Reason, in_elixir({error, Facts}));
refused(Given, Reason, {error, #{reason := Found, message := Message, remedy := Remedy}} = Error) ->
    {Given, Reason} = {Given, Found},
    Shown = io_lib:format("~tP", [{error, #{remedy => Remedy}}, 30]),
    {Given, Error, nomatch} = {Given, Error, string:find(Shown, "\"...>>")},
    lists:foreach(
        fun(Line) -> true = is_binary(Line) andalso Line =/= <<>> andalso binary:match(Line, <<"\n">>) =:= nomatch end,
        [Message, Remedy]
    ).

%% What other tools and people call the classes.
classes_by_other_names(_) ->
    lists:foreach(
        fun({Given, Meant}) ->
            Message = iolist_to_binary(["; did you mean ", io_lib:format("~tp", [Meant]), "?"]),
            {error, #{reason := unknown_class, message := Said}} = Error = worded(beamtap_spec:check(#{classes => Given})),
            refused(Given, unknown_class, Error),
            {Given, Said, {_, _}} = {Given, Said, binary:match(Said, Message)}
        end,
        [
            {gc, garbage_collection}, {"gc", garbage_collection}, {<<"messages">>, send}, {r, 'receive'}, {p, procs},
            {process, procs}, {calls, call}, {returns, return}, {exceptions, exception}, {memory, allocators}, {snd, send}
        ]
    ),
    {error, #{reason := no_module, message := <<"there is no module gc; did you mean the class garbage_collection?">>}} =
        worded(resolve("gc")),
    {error, #{message := <<"unknown class nothing_like_it">>}} = worded(beamtap_spec:check(#{classes => nothing_like_it})).

near_names(_) ->
    {ok, "procs"} = beamtap_shape:nearest("prcs", ["call", "procs", "running"]),
    {ok, "map"} = beamtap_shape:nearest("mop", ["map", "reduce"]),
    {ok, "for"} = beamtap_shape:nearest("fro", ["for", "rate", "events"]),
    {ok, "receive"} = beamtap_shape:nearest("recieve", ["call", "receive"]),
    none = beamtap_shape:nearest("badcfe", ["abcdef"]),
    none = beamtap_shape:nearest("xyzzy", ["call", "procs"]),
    none = beamtap_shape:nearest("a", []).

functions(_) ->
    {ok, [{{lists, seq, 2}, 1}]} = resolve("lists:seq/2"),
    {ok, [{{lists, seq, '_'}, 2}]} = resolve("lists:seq"),
    {ok, [{{lists, '_', '_'}, All}]} = resolve("lists"),
    All = length(lists:module_info(functions)),
    {ok, Unary} = resolve("lists:_/1"),
    true = lists:all(fun({{lists, F, 1}, 1}) -> F =/= '_' end, Unary),
    %% A module that nobody has loaded, found by its file.
    false = code:is_loaded(wrap_log_reader),
    {ok, [{{wrap_log_reader, close, 1}, 1}]} = resolve("wrap_log_reader:close/1"),
    {ok, Apps} = beamtap_code:resolve(#{what => {app, stdlib}, actions => []}),
    true = lists:keymember({gen_server, '_', '_'}, 1, Apps),
    {module, _} = code:ensure_loaded(erl_ddll),
    {ok, Callbacks} = beamtap_code:resolve(#{what => {behaviour, supervisor_bridge}, actions => []}),
    [{{user_sup, init, 1}, 1}] = [Found || {{user_sup, init, 1}, _} = Found <- Callbacks],
    {error, #{reason := no_behaviour}} = beamtap_code:resolve(#{what => {behaviour, lists}, actions => []}).

no_functions(_) ->
    Before = erlang:system_info(atom_count),
    {error, #{reason := no_module}} = resolve("no_such_module_here:f/1"),
    {error, #{reason := no_module}} = resolve("'../escape':f/1"),
    {error, #{reason := no_match, module := lists} = Far} = resolve("lists:no_such_function_here/1"),
    false = is_map_key(near, Far),
    Before = erlang:system_info(atom_count),
    {error, #{reason := no_match, near := seq} = Meant} = resolve("lists:seqq/2"),
    {_, _} = binary:match(said(Meant), <<"did you mean lists:seq/_?">>),
    {error, #{reason := no_match, arities := [2, 3]} = Arities} = resolve("lists:seq/7"),
    {_, _} = binary:match(said(Arities), <<"seq has arity 2, 3">>),
    {error, #{reason := no_application, near := stdlib} = App} = beamtap_code:resolve(#{what => {app, stdlb}, actions => []}),
    {_, _} = binary:match(said(App), <<"did you mean stdlib?">>).

said(Error) ->
    {error, #{message := Message}} = beamtap_wording:word({error, Error}, erlang),
    Message.

resolve(Text) ->
    {ok, Pattern} = beamtap_pattern:parse(Text),
    beamtap_code:resolve(Pattern).
