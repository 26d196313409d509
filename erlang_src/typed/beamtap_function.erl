%% @private
%% What a user may name as functions, turned into patterns. Pure; makes no atoms.
-module(beamtap_function).

-export([pattern/1, add/2, refuse/1, remedy/0]).
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
    fail([quote({M, F, A}), ": an arity is a number up to 255 or ", beamtap_error:quote('_')]);
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
            beamtap_shape:fail(
                bad_function,
                [quote(Fun), " has no name outside its module"],
                ["name an exported function: ", beamtap_wording:either("fun lists:map/2", "&Enum.map/2")]
            )
    end;
pattern(Module) when is_atom(Module) ->
    new({Module, '_', '_'});
pattern(Text) when is_binary(Text); is_list(Text) ->
    case beamtap_pattern:parse(Text) of
        {ok, Pattern} -> Pattern;
        {error, _} = Error -> throw(Error)
    end;
pattern(Other) ->
    refuse(Other).

%% @doc Says that a term names no function.
-spec refuse(term()) -> no_return().
refuse(Term) ->
    fail([quote(Term), " names no function"]).

%% @doc The pattern with more to be recorded. What a match specification records is its own affair.
-spec add(beamtap_pattern:pattern(), [action()]) -> beamtap_pattern:pattern().
add(#{actions := Own} = Pattern, More) ->
    Pattern#{actions := lists:usort(Own ++ More)}.

action(Action, Function) ->
    case lists:member(Action, ?ACTIONS) of
        true ->
            Action;
        false ->
            beamtap_shape:fail(
                unknown_action,
                [quote({Function, Action}), ": ", quote(Action), " is none of return, return! and exception"],
                beamtap_wording:either("a function of any arity is {Module, Function, '_'}", "a function of any arity is {Module, :function, :_}")
            )
    end.

with_match_spec(#{head := _}, _) ->
    fail("a text with arguments and a match specification say the same thing twice");
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
            bad_match_spec("it is not a proper list");
        {error, Said} ->
            bad_match_spec(Said)
    end.

-spec bad_match_spec(unicode:chardata()) -> no_return().
bad_match_spec(Said) ->
    beamtap_shape:fail(
        bad_match_spec,
        ["the match specification cannot be used: ", Said],
        "dbg:fun2ms/1 writes them: [{[Argument], [Guard], [{return_trace}]}]"
    ).

new(What) ->
    #{what => What, actions => []}.

-spec fail(unicode:chardata()) -> no_return().
fail(Said) ->
    beamtap_shape:fail(bad_function, Said, remedy()).

%% @doc How a function is named.
-spec remedy() -> unicode:chardata().
remedy() ->
    beamtap_wording:either(
        "name it \"lists:seq/2 -> return\", {M,F,A}, fun M:F/A, Module, {app, A} or {behaviour, B}",
        "name it \"Enum.map/2 -> return\", {m, f, a}, &M.f/2, Module, {:app, a} or {:behaviour, b}"
    ).

quote(Term) -> beamtap_error:quote(Term).
