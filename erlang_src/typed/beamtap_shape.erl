%% @private
%% The shapes in which people give lists, maps and names, and what they are told when it is another.
-module(beamtap_shape).

-export([keyed/2, keyed/3, elements/1, proper/1, is_proper/1, unknown/5, near/2, names/1, file_name/1, fail/3]).


-define(NAMES, 7).

%% @doc A map or a list of pairs, as a map with none but the known keys.
-spec keyed(term(), [atom()]) -> map().
keyed(Given, Known) ->
    keyed(Given, Known, fun(Key) -> unknown(unknown_key, "option", Key, near(Key, Known), ["known: ", names(Known)]) end).

%% @doc The same; Unknown makes the error about a key that is not known.
-spec keyed(term(), [atom()], fun((term()) -> beamtap_error:error())) -> map().
keyed(Given, Known, Unknown) when is_map(Given) ->
    maps:foreach(fun(Key, _) -> lists:member(Key, Known) orelse throw(Unknown(Key)) end, Given),
    Given;
keyed(Given, Known, Unknown) when is_list(Given) ->
    Pairs = [
        case Pair of
            {_, _} ->
                Pair;
            _ ->
                fail(
                    bad_shape,
                    [beamtap_error:quote(Pair), " stands where ", beamtap_wording:either("{Key, Value}", "key: value"), " is expected"],
                    ["known: ", names(Known)]
                )
        end
     || Pair <- proper(Given)
    ],
    keyed(maps:from_list(Pairs), Known, Unknown);
keyed(Given, Known, _) ->
    fail(bad_shape, [beamtap_error:quote(Given), " is neither a map nor a list of pairs"], ["known: ", names(Known)]).

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
        false -> fail(bad_shape, [beamtap_error:quote(List), " is not a proper list"], "lists end with [], not with something else")
    end.

-spec is_proper(term()) -> boolean().
is_proper(List) ->
    try length(List) of
        _ -> true
    catch
        error:badarg -> false
    end.

%% @doc The error about a name that is not known, with the one that was probably meant.
-spec unknown(atom(), string(), term(), {ok, atom()} | none, unicode:chardata()) -> beamtap_error:error().
unknown(Reason, Kind, Given, Meant, Remedy) ->
    Guess =
        case Meant of
            {ok, Best} -> ["; did you mean ", beamtap_error:quote(Best), "?"];
            none -> []
        end,
    beamtap_error:new(Reason, ["there is no ", Kind, " ", beamtap_error:quote(Given), Guess], Remedy).

%% @doc The known name that differs least from a text or an atom.
-spec near(term(), [atom()]) -> {ok, atom()} | none.
near(Given, Known) ->
    case beamtap_near:name(text(Given), [atom_to_list(K) || K <- Known]) of
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

%% @doc Names with commas between them; the first of them where there are more than a line of a shell has room for.
-spec names([atom()]) -> unicode:chardata().
names(Atoms) when length(Atoms) > ?NAMES -> [names(lists:sublist(Atoms, ?NAMES)), " and more"];
names(Atoms) -> lists:join(", ", [beamtap_error:quote(A) || A <- Atoms]).

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

%% @doc Throws an error of {@link beamtap_error}.
-spec fail(atom(), unicode:chardata(), unicode:chardata()) -> no_return().
fail(Reason, Message, Remedy) ->
    throw(beamtap_error:new(Reason, Message, Remedy)).
