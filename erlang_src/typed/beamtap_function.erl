%% @private
%% What a user may name as functions, turned into patterns. Pure; makes no atoms.
-module(beamtap_function).

-export([pattern/1, add/2, no_function/1]).
-export_type([spec/0, name/0, action/0]).

%% A function to trace, alone or with what is to be recorded besides its calls, or with a match specification that
%% decides it.
-type spec() :: name() | {name(), action() | [action()]} | {name(), MatchSpec :: [{'_' | list(), list(), list()}]}.
%% A pattern with `_' for anything, an external fun, a module (all its functions), an application (all functions of
%% its modules), a behaviour (its callbacks in all loaded modules that implement it), a text as {@link
%% beamtap_pattern} reads it.
-type name() ::
    {module() | '_', atom(), arity() | '_'}
    | fun()
    | module()
    | {app, atom()}
    | {behaviour, module()}
    | string()
    | binary().
-type action() :: return | 'return!' | exception.

-define(ACTIONS, [return, 'return!', exception]).

%% @doc The pattern of what was named; throws an error.
-spec pattern(term()) -> beamtap_pattern:pattern().
pattern({Group, Name}) when Group =:= app orelse Group =:= behaviour, is_atom(Name), Name =/= return, Name =/= 'return!', Name =/= exception ->
    new({Group, Name});
pattern({M, F, A}) when is_atom(M), is_atom(F), (A =:= '_' orelse (is_integer(A) andalso A >= 0 andalso A =< 255)) ->
    new({M, F, A});
pattern({M, F, A}) when is_atom(M), is_atom(F) ->
    refuse(#{reason => bad_function, function => {M, F, A}, why => arity});
pattern({Function, [Clause | _] = MatchSpec}) when is_tuple(Clause) ->
    with_match_spec(pattern(Function), MatchSpec);
pattern({Function, Actions}) when is_atom(Actions); is_list(Actions) ->
    add(pattern(Function), [action(A, Function) || A <- beamtap_shape:proper(beamtap_shape:elements(Actions))]);
pattern(Fun) when is_function(Fun) ->
    case erlang:fun_info(Fun, type) of
        {type, external} ->
            {module, M} = erlang:fun_info(Fun, module),
            {name, F} = erlang:fun_info(Fun, name),
            {arity, A} = erlang:fun_info(Fun, arity),
            new({M, F, A});
        {type, local} ->
            refuse(#{reason => bad_function, function => Fun, why => local})
    end;
pattern(Module) when is_atom(Module) ->
    new({Module, '_', '_'});
pattern(Text) when is_binary(Text); is_list(Text) ->
    case beamtap_pattern:parse(Text) of
        {ok, Pattern} -> Pattern;
        {error, _} = Error -> throw(Error)
    end;
pattern(Other) ->
    refuse(no_function(Other)).

%% @doc The error about a term that names no function.
-spec no_function(term()) -> beamtap_error:reason().
no_function(Term) -> #{reason => bad_function, function => Term}.

%% @doc The pattern with more to record. A match specification decides by itself what it records.
-spec add(beamtap_pattern:pattern(), [action()]) -> beamtap_pattern:pattern().
add(#{actions := Own} = Pattern, More) ->
    Pattern#{actions := lists:usort(Own ++ More)}.

action(Action, Function) ->
    case lists:member(Action, ?ACTIONS) of
        true ->
            Action;
        false ->
            refuse(#{reason => unknown_action, function => Function, action => Action})
    end.

with_match_spec(#{head := _}, _) ->
    refuse(#{reason => bad_function, why => two_conditions});
with_match_spec(#{what := What} = Pattern, MatchSpec) ->
    Arity =
        case What of
            {_, _, A} -> A;
            _ -> '_'
        end,
    case beamtap_shape:is_proper(MatchSpec) andalso beamtap_match:check(MatchSpec, Arity) of
        ok ->
            Pattern#{match_spec => MatchSpec};
        false ->
            refuse(#{reason => bad_match_spec, why => form});
        {error, Why} ->
            refuse(#{reason => bad_match_spec, why => Why})
    end.

new(What) ->
    #{what => What, actions => []}.

-spec refuse(beamtap_error:reason()) -> no_return().
refuse(Reason) -> beamtap_shape:refuse(Reason).
