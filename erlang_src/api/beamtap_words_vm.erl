%% @private
%% Words what goes wrong in the VM: names that stand for nothing, and others that trace. See {@link beamtap_wording}.
-module(beamtap_words_vm).

-export([words/2, left_out/1]).

-import(beamtap_language, [either/3, term/2, call/3]).

%% Names of modules in a message.
-define(SHOWN, 3).

%% @doc Message and remedy; `none' for what is worded elsewhere.
-spec words(map(), beamtap_language:language()) -> {unicode:chardata(), unicode:chardata()} | none.
words(#{reason := no_module, module := Name, below := Below}, L) ->
    {
        ["there is no module ", module(Name, L), "; below it are ", some(Below)],
        [all_below(Name), either(L, ", {app, Name} all of an application", ", {:app, name} all of an application")]
    };
words(#{reason := no_module, module := Name} = Error, L) ->
    Meant =
        case Error of
            #{class := Class} -> ["; did you mean the class ", term(L, Class), "?"];
            #{near := Near} -> ["; did you mean ", term(L, Near), "?"];
            #{} -> []
        end,
    {
        ["there is no module ", module(Name, L), Meant],
        ["check the name, and the code path: ", either(L, "code:get_path()", ":code.get_path()")]
    };
words(#{reason := no_behaviour, module := Module}, L) ->
    {
        [term(L, Module), " is a module, but not a behaviour"],
        "a behaviour has callbacks: gen_server, supervisor, Elixir's GenServer"
    };
words(#{reason := no_application, application := App} = Error, L) ->
    {
        ["there is no application ", term(L, App), near(Error, L)],
        "check the name, and that its ebin directory is on the code path"
    };
words(#{reason := no_match, pattern := {{below, _}, _, _} = What}, _) ->
    {[printed(What), " matches no function"], "check the function's name and arity"};
words(#{reason := no_match, pattern := {M, F, _} = What, module := M} = Error, L) ->
    Hint =
        case Error of
            #{near := Near} -> ["; did you mean ", printed({M, atom_to_binary(Near), '_'}), "?"];
            #{arities := Arities} -> ["; ", name(F), " has arity ", lists:join(", ", [integer_to_list(A) || A <- Arities])];
            #{} -> []
        end,
    {
        [printed(What), " matches no function", Hint],
        ["see ", term(L, M), either(L, ":module_info(functions)", ".module_info(:functions)")]
    };
words(#{reason := no_match, pattern := {behaviour, Behaviour}}, L) ->
    {["no loaded module implements the behaviour ", term(L, Behaviour)], "load the modules first, or name them"};
words(#{reason := no_match, pattern := What}, _) ->
    {[printed(What), " matches no function of a loaded module"], "name the module, so that it is loaded"};
words(#{reason := no_process, target := Target, cause := Cause} = Error, L) ->
    Why =
        case Cause of
            not_registered -> [": no process is registered by this name", near(Error, L)];
            not_open -> " is not open";
            not_alive -> " is not alive";
            empty -> " stands for no process now"
        end,
    {
        [term(L, Target), Why],
        ["see ", either(L, "registered()", "Process.registered()"), "; all, new and existing need no name"]
    };
words(#{reason := traced_by_tap, tap := Tap} = Error, L) ->
    {What, Else} =
        case Error of
            #{class := Class} -> {[atom_to_list(Class), " is recorded already,"], ["leave ", atom_to_list(Class), " out"]};
            #{what := Who} -> {[who(Who, L), " traced already,"], "name other targets"}
        end,
    {
        [What, " by ", term(L, Tap)],
        [call(L, stop, [term(L, Tap)]), " ends it, ", call(L, add, [term(L, Tap), "..."]), " widens it; or ", Else]
    };
words(#{reason := traced_by_others, function := Function}, _) ->
    {[printed(Function), " has a trace pattern already"], "remove it (dbg:ctp() if it is dbg's), or name other functions"};
words(#{reason := traced_by_others, what := seq_trace, by := Other}, L) ->
    {
        ["the node has a system tracer of sequential tracing already: ", term(L, Other)],
        ["leave seq_trace out, or end that one: ", either(L, "seq_trace:set_system_tracer(false)", ":seq_trace.set_system_tracer(false)")]
    };
words(#{reason := traced_by_others, what := Who, by := Other}, L) ->
    {
        [who(Who, L), " traced already, by ", term(L, Other)],
        ["end that trace (", either(L, "dbg:stop()", ":dbg.stop()"), " if it is dbg's), or name other targets"]
    };
words(#{reason := monitored_by_others, by := Other} = Error, L) ->
    Name = case Error of #{name := Known} -> [" (", term(L, Known), ")"]; #{} -> [] end,
    {
        ["the node's system monitor is taken, by ", term(L, Other), Name],
        "leave system_monitor out, or end the other one; OTP 28 and later have more than one"
    };
words(#{reason := known_bad, class := Class, hazard := #{finding := Finding, remedy := Remedy}}, L) ->
    {
        [atom_to_list(Class), ": ", Finding],
        [Remedy, "; ", either(L, "#{known_bad => allow}", "known_bad: :allow"), " starts it nevertheless"]
    };
words(#{reason := not_started, class := Class, cause := Cause}, L) ->
    {[atom_to_list(Class), " cannot be recorded: ", term(L, Cause)], ["leave ", atom_to_list(Class), " out"]};
words(#{reason := bad_option, option := system_monitor, settings := Settings}, L) ->
    {
        ["this VM's system monitor does not accept ", term(L, Settings)],
        "long_message_queue needs OTP 27: leave it out"
    };
words(#{reason := no_native_library, file := File, cause := missing}, _) ->
    {
        ["the native library ", File, " is missing"],
        "run scripts/build-native, or name its directory in BEAMTAP_NATIVE_DIR"
    };
words(#{reason := no_native_library, file := File, cause := not_loaded}, _) ->
    {["the VM does not load ", File, "; its log says why"], "run scripts/build-native on this machine"};
words(#{reason := unknown_layout, otp_release := Release}, _) ->
    {
        ["OTP ", Release, " encodes pids in a way that beamtap does not know"],
        "report it with the output of erlang:system_info(version)"
    };
words(_, _) ->
    none.

%% @doc A line about a text pattern that names one module alone, though there are modules below it.
-spec left_out({Pattern :: tuple(), Below :: [string()]}) -> unicode:chardata().
left_out({{M, _, _} = What, Below}) ->
    Name = unicode:characters_to_list(M),
    [printed(What), " is the module ", bare(Name), " alone; below it are ", some(Below), ": ", all_below(Name)].

some(Below) when length(Below) > ?SHOWN ->
    {Shown, More} = lists:split(?SHOWN, Below),
    [lists:join(", ", [bare(Name) || Name <- Shown]), " and ", integer_to_list(length(More)), " more"];
some(Below) ->
    lists:join(", ", [bare(Name) || Name <- Below]).

all_below(Name) -> ["\"", bare(Name), ".**\" names them all"].

bare("Elixir." ++ Alias) -> Alias;
bare(Name) -> Name.

%% A module that does not exist has no atom.
module("Elixir." ++ Alias, L) -> either(L, ["'Elixir.", Alias, "'"], Alias);
module(Name, L) -> either(L, Name, [":", Name]).

near(#{near := Near}, L) -> ["; did you mean ", term(L, Near), "?"];
near(_, _) -> [].

who(new_processes, _) -> "new processes are";
who(new_ports, _) -> "new ports are";
who(Who, L) -> [term(L, Who), " is"].

%% The function alone: its arguments are not what is missing.
printed(What) -> beamtap_pattern:print(#{what => What, actions => []}).

name(Name) when is_atom(Name) -> atom_to_binary(Name);
name(Name) -> Name.
