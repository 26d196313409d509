%% @private
%% What is told where a key of a spec or of its options is not known: the key that was probably meant, also where it
%% stands in the other argument, or is what another tool calls it. The same for classes. Pure.
-module(beamtap_key).

-export([unknown/3, misplaced/2, class/2]).

%% What redbug, recon, dbg and people call them.
-define(CALLED, [
    {targets, [pid, pids, proc, procs, process, processes, who, whom, port]},
    {for, [time, timeout, duration, ms, seconds]},
    {events, [msgs, max, limit, count, max_events]},
    {rate, [max_rate, per_second]},
    {payload, [args, arguments, return_values, messages, text]},
    {output, [path, dir, directory, file, print_file]},
    {functions, [module, modules, mfa, mfas, calls]},
    {classes, [flags]}
]).

%% What dbg, redbug, the events and people call the classes.
-define(CLASSES_CALLED, [
    {garbage_collection, [gc, gcs, garbage, garbage_collections, collections]},
    {'receive', [r, recv, received, receives]},
    {send, [s, sends, sent, message, messages, m]},
    {procs, [p, proc, process, processes, spawn, spawns, exit, exits, link, register]},
    {running, [schedule, scheduled, scheduling, run, in, out]},
    {ports, [port]},
    {call, [c, calls]},
    {return, [returns, return_from, return_trace, result]},
    {exception, [exceptions, exception_from, exception_trace, error, errors]},
    {system_monitor, [monitor, long_gc, long_schedule, large_heap, busy_port, busy_dist_port]},
    {schedulers, [utilization, utilisation, scheduler_load]},
    {allocators, [memory, allocator, alloc]},
    {set_on_spawn, [sos, spawned]},
    {set_on_link, [sol]},
    {seq_trace, [sequential, token]}
]).

%% @doc The class, of those known, that was probably meant.
-spec class(term(), [atom()]) -> {ok, atom()} | none.
class(Given, Known) ->
    Name = try binary_to_existing_atom(unicode:characters_to_binary(Given)) catch error:_ -> Given end,
    case [Class || {Class, Names} <- ?CLASSES_CALLED, lists:member(Name, Names), lists:member(Class, Known)] of
        [Class] -> {ok, Class};
        [] -> beamtap_shape:near(Given, Known)
    end.

%% @doc The error about a key of the spec, or of the options.
-spec unknown(spec | option, term(), #{spec := [atom()], option := [atom()]}) -> beamtap_error:error().
unknown(Place, Given, Keys) ->
    #{Place := Here} = Keys,
    [There] = maps:values(maps:remove(Place, Keys)),
    Guesses = [
        fun() -> exactly(Given, There) end,
        fun() -> called(Given) end,
        fun() -> beamtap_shape:near(Given, Here) end,
        fun() -> beamtap_shape:near(Given, There) end
    ],
    case first(Guesses) of
        none ->
            refusal(Place, Given, [], known(Place, Here));
        {ok, Meant} ->
            case lists:member(Meant, Here) of
                true -> refusal(Place, Given, meant(Meant), known(Place, Here));
                false when Meant =:= Given -> refusal(Place, Given, [], place(Place, Meant));
                false -> refusal(Place, Given, meant(Meant), place(Place, Meant))
            end
    end.

%% @doc The error about what was given as options, and is the value of a key of the spec.
-spec misplaced(term(), atom()) -> beamtap_error:error().
misplaced(Given, Key) ->
    beamtap_error:new(bad_shape, [beamtap_error:quote(Given), " is neither a map nor a list of pairs"], place(option, Key)).

first([]) ->
    none;
first([Guess | Rest]) ->
    case Guess() of
        none -> first(Rest);
        Found -> Found
    end.

exactly(Given, Keys) ->
    case lists:member(Given, Keys) of
        true -> {ok, Given};
        false -> none
    end.

meant(Key) -> ["; did you mean ", beamtap_error:quote(Key), "?"].

%% Where a key of the other argument belongs.
place(option, functions) ->
    ["functions come first: ", beamtap_wording:either("beamtap:start(#{functions => ...}, Opts)", "Beamtap.start([functions: ...], opts)")];
place(option, Key) ->
    Name = atom_to_list(Key),
    [
        Name, " stand with the functions: ",
        beamtap_wording:either(
            ["beamtap:start(#{functions => ..., ", Name, " => ...}, Opts)"], ["Beamtap.start([functions: ..., ", Name, ": ...], opts)"]
        )
    ];
place(spec, Key) ->
    Name = atom_to_list(Key),
    [
        "options come second: ",
        beamtap_wording:either(["beamtap:start(Spec, #{", Name, " => ...})"], ["Beamtap.start([functions: ...], ", Name, ": ...)"])
    ].

refusal(Place, Given, Meant, Remedy) ->
    beamtap_error:new(unknown_key, ["there is no ", noun(Place), " ", beamtap_error:quote(Given), Meant], Remedy).

noun(spec) -> "key";
noun(option) -> "option".

known(spec, Keys) ->
    ["known: ", beamtap_shape:names(Keys)];
known(option, Keys) ->
    ["known: ", beamtap_shape:names(Keys), ": ", beamtap_wording:either("h(beamtap, start, 2)", "h Beamtap.start")].

called(Name) ->
    case [Key || {Key, Names} <- ?CALLED, lists:member(Name, Names)] of
        [Key] -> {ok, Key};
        [] -> none
    end.
