%% @private
%% The shapes in which people give lists, maps and names; and the key, class or name they probably meant where it is
%% misspelled, stands in the other argument, or is another tool's word. Pure.
-module(beamtap_shape).

-export([keyed/2, keyed/3, elements/1, proper/1, is_proper/1, file_name/1, refuse/1]).
-export([unknown_key/3, class/2, near/2, nearest/2]).

%% What redbug, recon, dbg and people call the keys.
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

%%% Shapes

%% @doc A map or a list of pairs, as a map with none but the known keys. Throws an error.
-spec keyed(term(), [atom()]) -> map().
keyed(Given, Known) ->
    keyed(Given, Known, fun(Key) -> meant(#{reason => unknown_key, key => Key, known => Known}, near(Key, Known)) end).

%% @doc The same; Unknown makes the error about a key that is not known.
-spec keyed(term(), [atom()], fun((term()) -> beamtap_error:reason())) -> map().
keyed(Given, Known, Unknown) when is_map(Given) ->
    maps:foreach(fun(Key, _) -> lists:member(Key, Known) orelse refuse(Unknown(Key)) end, Given),
    Given;
keyed(Given, Known, Unknown) when is_list(Given) ->
    Pairs = [
        case Pair of
            {_, _} -> Pair;
            _ -> refuse(#{reason => bad_shape, expected => pair, value => Pair})
        end
     || Pair <- proper(Given)
    ],
    keyed(maps:from_list(Pairs), Known, Unknown);
keyed(Given, Known, _) ->
    refuse(#{reason => bad_shape, expected => pairs, value => Given, known => Known}).

%% @doc One thing or a list of things; a text in the form of a list is one thing.
-spec elements(term()) -> maybe_improper_list().
elements([]) -> [];
elements([First | _] = Text) when is_integer(First) -> [Text];
elements(List) when is_list(List) -> List;
elements(One) -> [One].

-spec proper(term()) -> list().
proper(List) ->
    case is_proper(List) of
        true -> List;
        false -> refuse(#{reason => bad_shape, expected => proper_list, value => List})
    end.

-spec is_proper(term()) -> boolean().
is_proper(List) ->
    try length(List) of
        _ -> true
    catch
        error:badarg -> false
    end.

%% @doc The name of a file or directory as UTF-8.
-spec file_name(term()) -> {ok, binary()} | error.
file_name(Name) when is_binary(Name); is_list(Name); is_atom(Name), not is_boolean(Name) ->
    try unicode:characters_to_binary(filename:flatten(Name)) of
        Path when is_binary(Path), Path =/= <<>> ->
            case binary:match(Path, <<0>>) of
                nomatch -> {ok, Path};
                _ -> error
            end;
        _ ->
            error
    catch
        error:_ -> error
    end;
file_name(_) ->
    error.

%% @doc Throws an error.
-spec refuse(beamtap_error:reason()) -> no_return().
refuse(Reason) -> throw({error, Reason}).

%%% What was meant

%% @doc The error about a key in Place. `meant' is the key that was probably meant, `belongs' the place it is a key of
%% where that is the other one.
-spec unknown_key(spec | option, term(), #{spec := [atom()], option := [atom()]}) -> beamtap_error:reason().
unknown_key(Place, Given, Keys) ->
    #{Place := Here} = Keys,
    [{Elsewhere, There}] = maps:to_list(maps:remove(Place, Keys)),
    Reason = #{reason => unknown_key, place => Place, key => Given},
    Guesses = [
        fun() -> exactly(Given, There) end,
        fun() -> called(Given, ?CALLED) end,
        fun() -> near(Given, Here) end,
        fun() -> near(Given, There) end
    ],
    case first(Guesses) of
        none ->
            Reason;
        {ok, Meant} ->
            case lists:member(Meant, Here) of
                true -> Reason#{meant => Meant};
                false -> Reason#{meant => Meant, belongs => Elsewhere}
            end
    end.

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

called(Given, Names) ->
    case [Key || {Key, Called} <- Names, lists:member(Given, Called)] of
        [Key] -> {ok, Key};
        [] -> none
    end.

%% @doc The class, of those known, that was probably meant.
-spec class(term(), [atom()]) -> {ok, atom()} | none.
class(Given, Known) ->
    Name = try binary_to_existing_atom(unicode:characters_to_binary(Given)) catch error:_ -> Given end,
    case called(Name, [Class || {Name1, _} = Class <- ?CLASSES_CALLED, lists:member(Name1, Known)]) of
        {ok, Class} -> {ok, Class};
        none -> near(Given, Known)
    end.

meant(Reason, {ok, Meant}) -> Reason#{meant => Meant};
meant(Reason, none) -> Reason.

%% @doc The known name that differs least from a text or an atom.
-spec near(term(), [atom()]) -> {ok, atom()} | none.
near(Given, Known) ->
    case nearest(text(Given), [atom_to_list(K) || K <- Known]) of
        {ok, Best} -> {ok, list_to_existing_atom(Best)};
        none -> none
    end.

text(Name) when is_atom(Name) ->
    atom_to_list(Name);
text(Name) ->
    try unicode:characters_to_list(Name) of
        Text when is_list(Text) -> Text;
        _ -> ""
    catch
        error:_ -> ""
    end.

%% @doc The candidate that differs least from Name, if it differs in at most a third of Name's characters.
-spec nearest(string(), [string()]) -> {ok, string()} | none.
nearest(Name, Candidates) ->
    Limit = max(1, length(Name) div 3),
    Length = length(Name),
    Close = [
        {Distance, Candidate}
     || Candidate <- Candidates,
        abs(length(Candidate) - Length) =< Limit,
        Distance <- [distance(Name, Candidate)],
        Distance =< Limit
    ],
    case Close of
        [] -> none;
        _ -> {ok, element(2, lists:min(Close))}
    end.

%% Optimal string alignment: insertions, deletions, replacements, and exchanges of two neighbours. It keeps the rows of
%% the last two characters; of each row, what follows the current place.
distance(From, To) ->
    {_, Last, _} = lists:foldl(
        fun(Char, {Before, Row, Previous}) -> {Row, row(Char, Previous, To, Before, Row), Char} end,
        {[], lists:seq(0, length(To)), none},
        From
    ),
    lists:last(Last).

row(Char, Previous, To, Before, [Diagonal | Above]) ->
    row(Char, Previous, none, To, Before, Diagonal, Above, [Diagonal + 1]).

row(_, _, _, [], _, _, [], Row) ->
    lists:reverse(Row);
row(Char, Previous, Last, [Other | To], Before, Diagonal, [Up | Above], [Left | _] = Row) ->
    Replaced = Diagonal + case Char of Other -> 0; _ -> 1 end,
    Swapped = [Two + 1 || Previous =:= Other, Char =:= Last, Two <- lists:sublist(Before, 1)],
    Cost = lists:min([Replaced, Up + 1, Left + 1 | Swapped]),
    %% The row before last stands two places behind.
    Rest = case {Last, Before} of {none, _} -> Before; {_, [_ | Tail]} -> Tail; {_, []} -> [] end,
    row(Char, Previous, Other, To, Rest, Up, Above, [Cost | Row]).
