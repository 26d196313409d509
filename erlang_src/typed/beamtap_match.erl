%% @private
%% Turns patterns into match specifications, and the patterns of several taps into what the VM is told.
%%
%% A function has one match specification. Where patterns overlap, it gets the clauses of all of them. Those that do most
%% come first, since the first clause that fits counts.
-module(beamtap_match).

-export([clauses/1, check/2, overlay/1, add/2, drop/2, change/2, overlap/2, covers/2, ending/1, is_forced/2]).
-export_type([mfa_pattern/0, asked/0, laid/0, clause/0]).

-type mfa_pattern() :: {module(), atom(), arity() | '_'}.
%% A clause of a match specification; a `forced' one records how calls end in any case.
-type clause() :: {'_' | list(), list(), list()} | {forced, {'_' | list(), list(), list()}}.
%% One pattern's wish for functions; `none' takes functions out of what wider patterns wish for, `no_return' lets a
%% function's calls be recorded, but not how they end.
-type asked() :: {mfa_pattern(), [clause()] | none | no_return}.
%% What `erlang:trace_pattern/3' is told, in this order.
-type laid() :: {mfa_pattern(), true | false | [tuple()]}.

%% What a user's match specification may not do. Each changes what is traced, or the traced process, without the tap's
%% knowledge; the last one builds a picture of the whole process at each call.
-define(FORBIDDEN, [trace, enable_trace, disable_trace, silent, set_seq_token, set_tcw, process_dump]).

%% @doc The clauses of a pattern. An error when this VM does not have an atom of it, or does not know a function of its guard.
-spec clauses(beamtap_pattern:pattern()) -> {ok, [clause()]} | beamtap_error:error().
clauses(#{actions := Actions} = Pattern) ->
    case {plain(Pattern), lists:member('return!', Actions)} of
        {{ok, Clauses}, true} -> {ok, [{forced, Clause} || Clause <- Clauses]};
        {Answer, _} -> Answer
    end.

plain(#{match_spec := Spec}) ->
    {ok, [with_exceptions(Clause) || Clause <- Spec]};
plain(#{head := #{arguments := Arguments, guard := Guard}, actions := Actions} = Pattern) ->
    try
        Head = [head(A) || A <- Arguments],
        Clauses = [{Head, Conditions, body(Actions)} || Conditions <- alternatives(Guard)],
        case check(Clauses, length(Arguments)) of
            ok -> {ok, Clauses};
            {error, Why} -> bad_guard(Pattern, Why)
        end
    catch
        throw:{no_atom, Name} -> {error, #{reason => no_atom, atom => Name}}
    end;
plain(#{actions := Actions}) ->
    {ok, [{'_', [], body(Actions)}]}.

alternatives([]) -> [[]];
alternatives(Guard) -> [[condition(G)] || G <- Guard].

%% exception_trace reports returns, too. return_trace alone is never used: a call left by an exception would have no end, and
%% what the catcher does next would count as its time.
body([]) -> [];
body(_) -> [{exception_trace}].

%% The same for a specification that the user wrote.
with_exceptions({Head, Guards, Body}) ->
    {Head, Guards, [
        case Action of
            {return_trace} -> {exception_trace};
            _ -> Action
        end
     || Action <- Body
    ]}.

head('_') -> '_';
head({var, N}) -> variable(N);
head({value, Value}) -> Value;
head({string, Text}) -> Text;
head({atom, Name}) -> atom(Name);
head({tuple, Elements}) -> list_to_tuple([head(E) || E <- Elements]);
head({list, Elements, none}) -> [head(E) || E <- Elements];
head({list, Elements, Tail}) -> lists:foldr(fun(E, Rest) -> [head(E) | Rest] end, head(Tail), Elements);
head({map, Pairs}) -> maps:from_list([{head(K), head(V)} || {K, V} <- Pairs]).

condition({var, N}) -> variable(N);
condition({value, Value}) -> {const, Value};
condition({string, Text}) -> {const, Text};
condition({atom, Name}) -> {const, atom(Name)};
condition({tuple, Elements}) -> {list_to_tuple([condition(E) || E <- Elements])};
condition({list, Elements, none}) -> [condition(E) || E <- Elements];
condition({map, Pairs}) -> maps:from_list([{head(K), condition(V)} || {K, V} <- Pairs]);
condition({apply, is_boolean, [X]}) ->
    {'orelse', {'=:=', condition(X), true}, {'=:=', condition(X), false}};
condition({apply, tuple_size, [X]}) ->
    {size, condition(X)};
condition({apply, Function, Arguments}) ->
    list_to_tuple([Function | [condition(A) || A <- Arguments]]).

%% At most 255 of them: the reader sees to it.
variable(N) -> list_to_atom("$" ++ integer_to_list(N)).

atom(Name) ->
    case beamtap_name:existing(Name) of
        {ok, Atom} -> Atom;
        none -> throw({no_atom, Name})
    end.

%% @doc Whether the VM takes this as the match specification of a function with so many arguments.
-spec check(term(), arity() | '_') -> ok | {error, form | {forbidden, atom()} | {cause, binary()}}.
check(Spec, Arity) ->
    Arguments = lists:duplicate(case Arity of '_' -> 0; _ -> Arity end, x),
    case [Action || Action <- ?FORBIDDEN, is_used(Action, Spec)] of
        [] ->
            try erlang:match_spec_test(Arguments, Spec, trace) of
                {ok, _, _, _} -> ok;
                {error, Errors} -> {error, {cause, unicode:characters_to_binary(lists:join("; ", [Text || {error, Text} <- Errors]))}}
            catch
                error:_ -> {error, form}
            end;
        [Action | _] ->
            {error, {forbidden, Action}}
    end.

is_used(Action, Spec) when is_list(Spec) ->
    lists:any(
        fun
            ({_, _, Body}) when is_list(Body) ->
                lists:any(fun(Act) -> is_tuple(Act) andalso tuple_size(Act) > 0 andalso is_in(Action, Act) end, Body);
            (_) ->
                false
        end,
        Spec
    );
is_used(_, _) ->
    false.

is_in(Action, Act) ->
    element(1, Act) =:= Action orelse
        lists:any(fun(Part) -> is_tuple(Part) andalso tuple_size(Part) > 0 andalso is_in(Action, Part) end, tuple_to_list(Act)).

bad_guard(Pattern, Why) ->
    {error, #{reason => bad_guard, pattern => beamtap_pattern:print(Pattern#{actions := []}), why => Why}}.

%%% Overlaps

%% @doc Lays wishes over each other: the wide patterns first, since each one wipes out what stood there before, and
%% every narrower one with the clauses of all that are wider.
-spec overlay([asked()]) -> [laid()].
overlay(Asked) ->
    ByFunction = maps:groups_from_list(fun({MFA, _}) -> MFA end, fun({_, Clauses}) -> Clauses end, Asked),
    Laid = [{MFA, lay(wider(MFA), ByFunction, [])} || MFA <- maps:keys(ByFunction)],
    lists:sort(fun({A, _}, {B, _}) -> {width(A), A} =< {width(B), B} end, Laid).

lay([], _, []) ->
    false;
lay([], _, Clauses) ->
    spec([plain_clause(Clause) || Clause <- Clauses]);
lay([MFA | Narrower], ByFunction, Clauses) ->
    Wishes = maps:get(MFA, ByFunction, []),
    Kept =
        case lists:member(none, Wishes) of
            true -> [];
            false -> Clauses
        end,
    More = Kept ++ lists:append([Wish || Wish <- Wishes, is_list(Wish)]),
    lay(Narrower, ByFunction, case lists:member(no_return, Wishes) of true -> [endless(C) || C <- More]; false -> More end).

plain_clause({forced, Clause}) -> Clause;
plain_clause(Clause) -> Clause.

%%% How calls end

%% @doc The patterns that record how calls end.
-spec ending([asked()]) -> [mfa_pattern()].
ending(Asked) ->
    [MFA || {MFA, Clauses} <- Asked, is_list(Clauses), lists:any(fun has_end/1, Clauses)].

has_end({forced, Clause}) -> has_end(Clause);
has_end({_, _, Body}) -> endless_body(Body) =/= Body.

%% @doc Whether it is to be recorded how calls of the function end, whatever stands against it.
-spec is_forced(mfa(), [asked()]) -> boolean().
is_forced(MFA, Asked) ->
    lists:any(
        fun({Wide, Clauses}) ->
            is_list(Clauses) andalso covers(Wide, MFA) andalso lists:any(fun(C) -> element(1, C) =:= forced end, Clauses)
        end,
        Asked
    ).

%% The clause without what leaves a frame on the caller's stack.
endless({forced, Clause}) -> {forced, Clause};
endless({Head, Guards, Body}) -> {Head, Guards, endless_body(Body)}.

endless_body(Body) -> [within(Action) || Action <- Body, not leaves_frame(Action)].

leaves_frame(Action) -> Action =:= {return_trace} orelse Action =:= {exception_trace}.

within(Action) when is_tuple(Action) ->
    case leaves_frame(Action) of
        true -> true;
        false -> list_to_tuple([within(Part) || Part <- tuple_to_list(Action)])
    end;
within(Other) ->
    Other.

%% @doc Asks for more. Functions that were taken out of wider patterns are wanted again where More names them.
-spec add([asked()], [asked()]) -> [asked()].
add(More, Asked) ->
    IsWanted = fun(MFA) -> lists:any(fun({Wide, _}) -> covers(Wide, MFA) end, More) end,
    Kept = [Wish || {MFA, Clauses} = Wish <- Asked, Clauses =/= none orelse not IsWanted(MFA)],
    Kept ++ (More -- Kept).

%% @doc Takes functions out of what was asked for.
-spec drop([mfa_pattern()], [asked()]) -> [asked()].
drop(Functions, Asked) ->
    lists:foldl(
        fun(MFA, Left) ->
            Kept = [Wish || {Other, _} = Wish <- Left, not covers(MFA, Other)],
            Kept ++ [{MFA, none} || lists:any(fun({Wide, _}) -> covers(Wide, MFA) end, Kept)]
        end,
        Asked,
        Functions
    ).

%% @doc From one state of the VM to another: what to take away, and then what to set.
-spec change([laid()], [laid()]) -> {[mfa_pattern()], [laid()]}.
change(Old, New) ->
    Before = maps:from_list(Old),
    After = maps:from_list(New),
    Gone = [MFA || {MFA, _} <- Old, not is_map_key(MFA, After)],
    Changed = [MFA || {MFA, Spec} <- New, maps:get(MFA, Before, none) =/= Spec],
    %% What a narrow pattern leaves open is the wider one's again.
    Uncovered = [Wide || MFA <- Gone, Wide <- wider(MFA), is_map_key(Wide, After)],
    Touched = maps:from_keys(Gone ++ Changed ++ Uncovered, []),
    %% Setting or taking away a wide pattern wipes out the narrow ones.
    {Gone, [Laid || {MFA, _} = Laid <- New, lists:any(fun(Wide) -> is_map_key(Wide, Touched) end, wider(MFA))]}.

%% @doc Whether two askers want the same function.
-spec overlap([asked()], [asked()]) -> boolean().
overlap(Asked, Others) ->
    {Mine, Theirs} = {wanted(Asked), wanted(Others)},
    is_within(Mine, Theirs) orelse is_within(Theirs, Mine).

wanted(Asked) -> maps:from_keys([MFA || {MFA, Clauses} <- Asked, is_list(Clauses)], []).

is_within(Narrow, Wide) ->
    lists:any(fun(MFA) -> lists:any(fun(W) -> is_map_key(W, Wide) end, wider(MFA)) end, maps:keys(Narrow)).

%% From the widest to itself.
wider({M, '_', '_'}) -> [{M, '_', '_'}];
wider({M, F, '_'}) -> [{M, '_', '_'}, {M, F, '_'}];
wider({M, F, A}) -> [{M, '_', '_'}, {M, F, '_'}, {M, F, A}].

width({_, '_', _}) -> 1;
width({_, _, '_'}) -> 2;
width(_) -> 3.

%% @doc Whether the first pattern stands for everything that the second does.
-spec covers(mfa_pattern(), mfa_pattern()) -> boolean().
covers(Wide, Narrow) -> lists:member(Wide, wider(Narrow)).

%% One specification of many clauses. Without any condition or action the VM has nothing to run at a call.
spec(Clauses) ->
    Sorted = lists:sort(fun(A, B) -> weight(A) =< weight(B) end, unique(Clauses)),
    case until_any(Sorted) of
        [{'_', [], []}] -> true;
        Spec -> Spec
    end.

unique([]) -> [];
unique([Clause | Rest]) -> [Clause | unique([Other || Other <- Rest, Other =/= Clause])].

%% Stable, so that a user's own clauses stay in their order, before ours.
weight({_, _, [{exception_trace}]}) -> 2;
weight({_, _, []}) -> 3;
weight(_) -> 1.

%% What stands behind a clause that fits every call is never looked at.
until_any([{'_', [], _} = Any | _]) -> [Any];
until_any([Clause | Rest]) -> [Clause | until_any(Rest)];
until_any([]) -> [].
