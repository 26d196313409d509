%% @private
%% The shapes in which people give lists, maps and names, and what they are told when it is another.
-module(beamtap_shape).

-export([keyed/3, elements/1, proper/1, is_proper/1, unknown/4, names/1, file_name/1, fail/3]).

-define(SPEC_REMEDY,
    "name functions or classes: beamtap:start(\"lists:seq/2\", #{}), beamtap:start(#{classes => [procs]}, #{})"
).

%% @doc A map or a list of pairs, as a map with none but the known keys; Kind says what it is.
-spec keyed(term(), [atom()], spec | option) -> map().
keyed(Given, Known, Kind) when is_map(Given) ->
    maps:foreach(
        fun(Key, _) ->
            lists:member(Key, Known) orelse
                unknown(unknown_key, case Kind of option -> "option"; spec -> "key" end, Key, Known)
        end,
        Given
    ),
    Given;
keyed(Given, Known, Kind) when is_list(Given) ->
    Pairs = [
        case Pair of
            {_, _} ->
                Pair;
            _ ->
                fail(
                    bad_shape,
                    [beamtap_error:quote(Pair), " stands where {Key, Value} is expected"],
                    ["the keys are ", names(Known)]
                )
        end
     || Pair <- proper(Given)
    ],
    keyed(maps:from_list(Pairs), Known, Kind);
keyed(Given, Known, _) ->
    fail(bad_shape, [beamtap_error:quote(Given), " is neither a map nor a list of pairs"], ["the keys are ", names(Known)]).

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
        false -> fail(bad_shape, [beamtap_error:quote(List), " is not a proper list"], ?SPEC_REMEDY)
    end.

-spec is_proper(term()) -> boolean().
is_proper(List) ->
    try length(List) of
        _ -> true
    catch
        error:badarg -> false
    end.

%% @doc Refuses a name that is not one of the known, with the nearest of them.
-spec unknown(atom(), string(), term(), [atom()]) -> no_return().
unknown(Reason, Kind, Given, Known) ->
    Text =
        case is_atom(Given) of
            true -> atom_to_list(Given);
            false -> binary_to_list(beamtap_error:quote(Given))
        end,
    Near =
        case beamtap_near:name(Text, [atom_to_list(K) || K <- Known]) of
            {ok, Best} -> ["; did you mean ", Best, "?"];
            none -> []
        end,
    fail(Reason, ["there is no ", Kind, " ", beamtap_error:quote(Given), Near], ["known: ", names(Known)]).

%% @doc Names with commas between them.
-spec names([atom()]) -> unicode:chardata().
names(Atoms) -> lists:join(", ", [beamtap_error:quote(A) || A <- Atoms]).

%% @doc The name of a file or directory as UTF-8.
-spec file_name(term()) -> {ok, binary()} | error.
file_name(Name) when is_binary(Name); is_list(Name); is_atom(Name), not is_boolean(Name) ->
    try unicode:characters_to_binary(filename:flatten(Name)) of
        <<_, _/binary>> = Path ->
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
