%% @private
%% Functions whose returns are not recorded although they are asked for.
-module(beamtap_returns).

-export([none/0, limit/1, merge/2, reloaded/3, piled/4, watched/2, told/2]).
-export_type([limits/0, why/0, told/0]).

%% `piled': noticed while it was recorded.
-type why() :: beamtap_loops:loop() | piled.
-type limits() :: #{without := #{mfa() => why()}, unsure := [mfa()], unread := [module()]}.
-type told() :: [{mfa(), why()}].

%% With a stack of these sizes more functions than those seen are suspected.
-define(LARGE_WORDS, 20000).
-define(HUGE_WORDS, 200000).

-spec none() -> limits().
none() ->
    #{without => #{}, unsure => [], unread => []}.

%% @doc What is asked for, without returns of functions that are called again before they return, and which these are.
-spec limit([beamtap_match:asked()]) -> {[beamtap_match:asked()], limits()}.
limit(Asked) ->
    case lists:usort(lists:append([beamtap_code:functions(MFA) || MFA <- beamtap_match:ending(Asked)])) of
        [] ->
            {Asked, none()};
        Functions ->
            #{loops := Loops, unsure := Unsure, unread := Unread} = beamtap_loops:find(Functions),
            {Asked ++ without(maps:keys(Loops)), #{without => Loops, unsure => Unsure -- maps:keys(Loops), unread => Unread}}
    end.

without(Functions) -> [{MFA, no_return} || MFA <- Functions].

%% @doc Both limits. The later ones win.
-spec merge(limits(), limits()) -> limits().
merge(#{without := A, unsure := B, unread := C}, #{without := D, unsure := E, unread := F}) ->
    #{without => maps:merge(A, D), unsure => lists:usort(B ++ E), unread => lists:usort(C ++ F)}.

%% @doc The limits after these modules were loaded.
-spec reloaded([module()], limits(), limits()) -> limits().
reloaded(Modules, #{without := Without, unsure := Unsure, unread := Unread}, New) ->
    IsOther = fun({M, _, _}) -> not lists:member(M, Modules) end,
    Others = #{
        without => maps:filter(fun(MFA, _) -> IsOther(MFA) end, Without),
        unsure => lists:filter(IsOther, Unsure),
        unread => Unread -- Modules
    },
    merge(Others, New).

%% @doc The functions whose calls may pile up.
-spec watched([beamtap_match:asked()], limits()) -> [mfa()].
watched(Asked, #{unsure := Unsure}) ->
    Limited = maps:from_keys([MFA || {MFA, Wish} <- Asked, not is_list(Wish)], []),
    [MFA || MFA <- Unsure, not is_map_key(MFA, Limited), not beamtap_match:is_forced(MFA, Asked)].

%% @doc Takes off the functions that may be why calls pile up in a process that was seen in Stack. They are not recorded at all
%% any more: with each traced call, with or without return, the VM goes through everything that has piled up. First those that
%% were seen are taken off; if a large stack grows on, those of the same modules, and then all. A stack with a recorded
%% function that does not loop is that function's recursion.
-spec piled(pos_integer(), [mfa()], [beamtap_match:asked()], limits()) ->
    none | {[mfa()], [beamtap_match:asked()], limits()}.
piled(Words, Stack, Asked, #{without := Without} = Limits) ->
    Watched = watched(Asked, Limits),
    Seen = [MFA || MFA <- Watched, lists:member(MFA, Stack)],
    Modules = [M || {M, _, _} <- Stack],
    Near = [MFA || {M, _, _} = MFA <- Watched, Words >= ?LARGE_WORDS, lists:member(M, Modules)],
    All = [MFA || MFA <- Watched, Words >= ?HUGE_WORDS],
    case [Some || [_ | _] = Some <- [Seen | [Wider || not is_recursion(Stack, Asked, Watched), Wider <- [Near, All]]]] of
        [] -> none;
        [Piled | _] -> {Piled, Asked ++ [{MFA, none} || MFA <- Piled], Limits#{without := maps:merge(Without, maps:from_keys(Piled, piled))}}
    end.

is_recursion(Stack, Asked, Watched) ->
    Ending = beamtap_match:ending(Asked),
    lists:any(fun(MFA) -> lists:any(fun(Wide) -> beamtap_match:covers(Wide, MFA) end, Ending) end, Stack -- Watched).

%% @doc Functions recorded without returns that are still asked for, and why.
-spec told([beamtap_match:asked()], limits()) -> told().
told(Asked, #{without := Without}) ->
    Known = maps:from_keys([MFA || {MFA, Wish} <- Asked, not is_list(Wish)], []),
    [
        {MFA, Why}
     || {MFA, Why} <- lists:sort(maps:to_list(Without)), is_map_key(MFA, Known), not beamtap_match:is_forced(MFA, Asked)
    ].
