%% @private
%% What start/2 and estimate/2 are given: what to trace, and options. No key is both, so each may stand in either argument.
%% Pure.
-module(beamtap_request).

-export([divide/2]).

%% @doc The spec with nothing but keys of a spec, and the options with nothing but options. What is in neither is left
%% where it stands, to be refused there.
-spec divide(term(), term()) -> {ok, Spec :: term(), Opts :: term()} | beamtap_error:error().
divide(Spec, Opts) ->
    {OwnSpec, StrayOpts} = part(Spec, beamtap_spec:keys(option)),
    {OwnOpts, StraySpec} = part(Opts, beamtap_spec:keys(spec)),
    try
        {ok, with_spec(StraySpec, OwnSpec), with_opts(StrayOpts, OwnOpts)}
    catch
        throw:{error, _} = Error -> Error
    end.

%% What is Elsewhere's, taken out.
part(Given, Elsewhere) when is_map(Given) ->
    {maps:without(Elsewhere, Given), maps:with(Elsewhere, Given)};
part([_ | _] = Given, Elsewhere) ->
    case beamtap_shape:is_proper(Given) andalso lists:partition(fun(Pair) -> is_pair(Pair, Elsewhere) end, Given) of
        false -> {Given, #{}};
        {[], _} -> {Given, #{}};
        {Stray, Own} -> {keyed(Own), maps:from_list(Stray)}
    end;
part(Given, _) ->
    {Given, #{}}.

%% {Module, return} is a function of a spec in the form of a list, whatever the module is called.
is_pair({_, Action}, _) when Action =:= return; Action =:= exception -> false;
is_pair({Key, _}, Keys) -> lists:member(Key, Keys);
is_pair(_, _) -> false.

%% Beside keys there are keys, known or not.
keyed(Own) ->
    case lists:all(fun(Pair) -> is_tuple(Pair) andalso tuple_size(Pair) =:= 2 andalso is_atom(element(1, Pair)) end, Own) of
        true -> maps:from_list(Own);
        false -> Own
    end.

with_spec(Stray, Spec) when map_size(Stray) =:= 0 ->
    Spec;
with_spec(Stray, Spec) ->
    Named = maps:filter(fun(_, Values) -> Values =/= [] end, beamtap_spec:fields(Spec)),
    merged(Stray, Named).

with_opts(Stray, Opts) when map_size(Stray) =:= 0 ->
    Opts;
with_opts(Stray, Opts) when is_map(Opts) ->
    merged(Stray, Opts);
with_opts(Stray, Opts) when is_list(Opts) ->
    case beamtap_shape:is_proper(Opts) andalso keyed(Opts) of
        #{} = Map -> merged(Stray, Map);
        _ -> Opts
    end;
with_opts(_, Opts) ->
    Opts.

merged(One, Other) ->
    case maps:keys(maps:with(maps:keys(One), Other)) of
        [] ->
            maps:merge(One, Other);
        [Twice | _] ->
            beamtap_shape:fail(bad_shape, [beamtap_error:quote(Twice), " stands in both arguments"], "give it once")
    end.
