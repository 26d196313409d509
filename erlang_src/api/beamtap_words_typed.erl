%% @private
%% Words what is wrong with what is to be traced, and with other arguments. See {@link beamtap_wording}.
-module(beamtap_words_typed).

-export([words/2]).

-import(beamtap_language, [either/3, term/2, terms/2, call/3, option/3]).

%% @doc Message and remedy; `none' for what is worded elsewhere.
-spec words(map(), beamtap_language:language()) -> {unicode:chardata(), unicode:chardata()} | none.
%% Keys and shapes.
words(#{reason := unknown_key, key := Key} = Error, L) ->
    Noun = case Error of #{place := spec} -> "key"; #{} -> "option" end,
    {["unknown ", Noun, " ", term(L, Key), did_you_mean(Error, L)], place(Error, L)};
words(#{reason := bad_shape, expected := pair, value := Pair}, L) ->
    Form = either(L, "{Key, Value}", "key: value"),
    {["invalid entry ", term(L, Pair), ": expected ", Form], ["write each entry of the list as ", Form]};
words(#{reason := bad_shape, expected := options, value := Value, meant := events}, L) ->
    {not_keyed(L, Value), ["to limit the number of events, pass ", option(L, events, Value)]};
words(#{reason := bad_shape, expected := options, value := Value, belongs := Key}, L) ->
    {not_keyed(L, Value), with_functions(L, Key)};
words(#{reason := bad_shape, expected := pairs, value := Value, known := Known}, L) ->
    {not_keyed(L, Value), ["known keys: ", terms(L, Known)]};
words(#{reason := bad_shape, expected := proper_list, value := List}, L) ->
    {["invalid list ", term(L, List)], "end the list with []"};
words(#{reason := bad_shape, expected := one_argument, key := Key}, L) ->
    {[term(L, Key), " is in both arguments"], "give it once"};
%% What to trace.
words(#{reason := empty_spec}, L) ->
    {
        "nothing to trace",
        ["name functions or classes: ", call(L, start, [either(L, "\"lists:seq/2\"", "\"Enum.map/2\"")]), ", ",
            call(L, start, [term(L, [procs, send])])]
    };
words(#{reason := no_functions, class := Class}, L) ->
    {["class ", term(L, Class), " records nothing without functions"], function_forms(L)};
words(#{reason := unknown_class, class := Class} = Error, L) ->
    {
        ["unknown class ", term(L, Class), did_you_mean(Error, L)],
        ["known classes: ", terms(L, beamtap_spec:flags()), ": ", help(L)]
    };
words(#{reason := bad_target, target := []}, L) ->
    {"the list of targets is empty", target_forms(L)};
words(#{reason := bad_target, target := Target, cause := elsewhere}, L) ->
    {["target ", term(L, Target), " is on another node"], ["start beamtap on ", term(L, node(Target))]};
words(#{reason := bad_target, target := Target, cause := own}, L) ->
    {["target ", term(L, Target), " is one of beamtap's own processes"], "name another target: beamtap does not trace itself"};
words(#{reason := bad_target, target := Target}, L) ->
    {["invalid target ", term(L, Target)], target_forms(L)};
%% Functions.
words(#{reason := bad_function, function := {_, _, Arity} = Function, why := arity}, L) ->
    {
        ["invalid arity ", term(L, Arity), " in ", term(L, Function), ": expected a number from 0 to 255, or ", term(L, '_')],
        function_forms(L)
    };
words(#{reason := bad_function, function := Function, why := local}, L) ->
    {
        ["local function ", term(L, Function), " has no name outside its module"],
        ["name an exported function: ", either(L, "fun lists:map/2", "&Enum.map/2")]
    };
words(#{reason := bad_function, function := Function}, L) ->
    {["invalid function ", term(L, Function)], function_forms(L)};
words(#{reason := unknown_action, function := Function, action := Action}, L) ->
    {
        ["unknown action ", term(L, Action), " in ", term(L, {Function, Action}), ": expected ",
            beamtap_language:one_of(L, [return, 'return!', exception])],
        ["to trace any arity, write ", either(L, "{Module, Function, '_'}", "{Module, :function, :_}")]
    };
words(#{reason := bad_function, why := two_conditions}, _) ->
    {"a text with arguments and a match specification exclude each other", "give one of them"};
words(#{reason := bad_match_spec, why := Why}, L) ->
    {
        match_spec(Why, L),
        either(L,
            "dbg:fun2ms/1 writes match specifications: [{[Argument], [Guard], [{return_trace}]}]",
            ":dbg.fun2ms/1 writes match specifications: [{[argument], [guard], [{:return_trace}]}]"
        )
    };
words(#{reason := bad_guard, pattern := Pattern, why := Why}, L) ->
    {["this VM cannot check ", Pattern, ": ", match_spec(Why, L)], "use comparisons, arithmetic and type tests"};
words(#{reason := no_atom, atom := Name}, _) ->
    {["no call can match: this VM has no atom ", beamtap_name:text(Name)], "check the spelling of the value"};
%% Taps and texts.
words(#{reason := unknown_tap, value := {ok, {tap, _} = Tap} = Answer}, L) ->
    {
        [term(L, Answer), " is the whole answer of start; the tap is ", term(L, Tap)],
        ["match it: ", either(L, "{ok, Tap} = beamtap:start(...)", "{:ok, tap} = Beamtap.start(...)")]
    };
words(#{reason := unknown_tap, value := Value}, L) ->
    {[term(L, Value), " is not a tap of this VM"], [call(L, info, []), " lists the taps"]};
words(#{reason := still_running, tap := Tap}, L) ->
    {["tap ", term(L, Tap), " still records"], ["stop it first: ", call(L, stop, [term(L, Tap)])]};
words(#{reason := ended, tap := Tap, why := watch}, L) ->
    {"the display of events ended", ["the tap runs on: ", call(L, info, [term(L, Tap)])]};
words(#{reason := bad_text, what := What, value := Value}, L) ->
    Example = #{label => "slow_order", event => "call", filter => "bytes > 1000"},
    {["invalid ", atom_to_list(What), " ", term(L, Value), ": expected a text"], ["for example \"", map_get(What, Example), "\""]};
words(#{reason := bad_item, item := Item}, L) ->
    {
        ["invalid item ", term(L, Item)],
        either(L,
            "an item is {process, Pid}, {function, \"lists:seq/2\"} or {class, send}",
            "an item is {:process, pid}, {:function, \"Enum.map/2\"} or {:class, :send}"
        )
    };
words(_, _) ->
    none.

did_you_mean(#{meant := Meant, key := Meant}, _) -> [];
did_you_mean(#{meant := Meant}, L) -> ["; did you mean ", term(L, Meant), "?"];
did_you_mean(#{}, _) -> [].

%% Where the key that was meant belongs, else the keys that are known.
place(#{belongs := spec, meant := Key}, L) ->
    with_functions(L, Key);
place(#{belongs := option, meant := Key}, L) ->
    Name = atom_to_list(Key),
    ["options are the second argument: ", either(L, ["beamtap:start(Spec, #{", Name, " => ...})"], ["Beamtap.start(spec, ", Name, ": ...)"])];
place(#{place := spec}, L) ->
    ["known keys: ", terms(L, beamtap_options:keys(spec))];
place(#{place := option}, L) ->
    ["known options: ", terms(L, beamtap_options:keys(option)), ": ", help(L)];
place(#{known := Known}, L) ->
    ["known options: ", terms(L, Known)].

with_functions(L, functions) ->
    ["functions are the first argument: ", either(L, "beamtap:start(#{functions => ...}, Opts)", "Beamtap.start([functions: ...], opts)")];
with_functions(L, Key) ->
    Name = atom_to_list(Key),
    [
        Name, " go with the functions: ",
        either(L, ["beamtap:start(#{functions => ..., ", Name, " => ...}, Opts)"], ["Beamtap.start([functions: ..., ", Name, ": ...], opts)"])
    ].

not_keyed(L, Value) ->
    ["invalid options ", term(L, Value), ": expected ", either(L, "a map or a list of pairs", "a keyword list or a map")].

help(L) -> either(L, "h(beamtap, start, 2)", "h Beamtap.start").

function_forms(L) ->
    either(L,
        "name it \"lists:seq/2 -> return\", {M,F,A}, fun M:F/A, Module, {app, A} or {behaviour, B}",
        "name it \"Enum.map/2 -> return\", {m, f, a}, &M.f/2, Module, {:app, a} or {:behaviour, b}"
    ).

target_forms(L) ->
    either(L,
        "targets: all, new, existing, pid, port, name, {app, A}, {supervisor, S}, {initial_call, {M,F,A}}",
        "targets: :all, :new, :existing, pid, port, name, {:app, a}, {:supervisor, s}, {:initial_call, {m, f, a}}"
    ).

match_spec(form, L) ->
    ["invalid match specification: expected a list of ", either(L, "{Head, Guards, Body}", "{head, guards, body}")];
match_spec({forbidden, Action}, L) ->
    ["a match specification may not use ", term(L, Action), ": it acts on more than the call"];
match_spec({cause, Cause}, _) ->
    ["invalid match specification: ", Cause].
