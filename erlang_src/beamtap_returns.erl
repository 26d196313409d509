%% @private
%% Functions whose returns are not recorded although they are asked for, and how a person is told.
-module(beamtap_returns).

-export([none/0, limit/1, merge/2, reloaded/3, piled/4, watched/2, told/2, text/2, unread/1]).
-export_type([limits/0, told/0]).

%% `piled': found while it was recorded.
-type why() :: beamtap_loops:loop() | piled.
-type limits() :: #{without := #{mfa() => why()}, unsure := [mfa()], unread := [module()]}.
-type told() :: [#{function := mfa(), why := binary()}].

%% A stack of this many words is not looked at any longer than needed.
-define(LARGE_WORDS, 20000).
%% A line names this many functions.
-define(NAMED, 5).

-spec none() -> limits().
none() ->
    #{without => #{}, unsure => [], unread => []}.

%% @doc What is asked for, without returns where functions are called again before they return; and which these are.
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

%% @doc The limits of both; the later ones count.
-spec merge(limits(), limits()) -> limits().
merge(#{without := A, unsure := B, unread := C}, #{without := D, unsure := E, unread := F}) ->
    #{without => maps:merge(A, D), unsure => lists:usort(B ++ E), unread => lists:usort(C ++ F)}.

%% @doc The limits where these modules have been loaded anew.
-spec reloaded([module()], limits(), limits()) -> limits().
reloaded(Modules, #{without := Without, unsure := Unsure, unread := Unread}, New) ->
    IsOther = fun({M, _, _}) -> not lists:member(M, Modules) end,
    Others = #{
        without => maps:filter(fun(MFA, _) -> IsOther(MFA) end, Without),
        unsure => lists:filter(IsOther, Unsure),
        unread => Unread -- Modules
    },
    merge(Others, New).

%% @doc The functions of which it is to be noticed when their calls pile up.
-spec watched([beamtap_match:asked()], limits()) -> [mfa()].
watched(Asked, #{without := Without, unsure := Unsure}) ->
    [MFA || MFA <- Unsure, not is_map_key(MFA, Without), not beamtap_match:is_forced(MFA, Asked)].

%% @doc Ends the returns of the functions that may be why calls pile up in a process that was seen in Stack: those that were
%% seen themselves, and where a large stack goes on growing, those of the same modules, and at last all.
-spec piled(pos_integer(), [mfa()], [beamtap_match:asked()], limits()) ->
    none | {[mfa()], [beamtap_match:asked()], limits()}.
piled(Words, Stack, Asked, #{without := Without} = Limits) ->
    Watched = watched(Asked, Limits),
    Seen = [MFA || MFA <- Watched, lists:member(MFA, Stack)],
    Modules = [M || {M, _, _} <- Stack],
    Near = [MFA || {M, _, _} = MFA <- Watched, lists:member(M, Modules)],
    case [Some || [_ | _] = Some <- [Seen | [Wider || Words >= ?LARGE_WORDS, Wider <- [Near, Watched]]]] of
        [] -> none;
        [Piled | _] -> {Piled, Asked ++ without(Piled), Limits#{without := maps:merge(Without, maps:from_keys(Piled, piled))}}
    end.

%%% For people

%% @doc The functions recorded without returns that are still asked for, and why.
-spec told([beamtap_match:asked()], limits()) -> told().
told(Asked, #{without := Without}) ->
    Known = maps:from_keys([MFA || {MFA, no_return} <- Asked], []),
    [
        #{function => MFA, why => unicode:characters_to_binary(why(MFA, Why))}
     || {MFA, Why} <- lists:sort(maps:to_list(Without)), is_map_key(MFA, Known), not beamtap_match:is_forced(MFA, Asked)
    ].

%% @doc One line for all of them; none where there are none.
-spec text(told(), unicode:chardata()) -> none | binary().
text([], _) ->
    none;
text(Told, Since) ->
    Named = [[name(MFA), " (", Why, ")"] || #{function := MFA, why := Why} <- lists:sublist(Told, ?NAMED)],
    More = [[" and ", integer_to_list(length(Told) - ?NAMED), " more"] || length(Told) > ?NAMED],
    unicode:characters_to_binary([
        "Recorded without returns", Since, ": ", lists:join(", ", Named), More,
        ". A call that does not return before the next one leaves a frame on the process's stack; -> return! records them all the same."
    ]).

why(MFA, MFA) -> "it calls itself last";
why(_, known) -> "a loop of OTP's";
why(_, piled) -> "its calls piled up in a process without returning";
why(_, Next) -> ["it calls ", name(Next), " last, which leads to it again"].

%% @doc What is said of modules whose code could not be read; none where there are none.
-spec unread([module()]) -> none | binary().
unread([]) ->
    none;
unread(Modules) ->
    unicode:characters_to_binary([
        "Loops were not looked for in ", lists:join(", ", [beamtap_error:quote(M) || M <- lists:sublist(Modules, ?NAMED)]),
        [[" and ", integer_to_list(length(Modules) - ?NAMED), " more"] || length(Modules) > ?NAMED],
        ": the object code of what is loaded is not at hand. They are noticed while they run."
    ]).

name(MFA) -> beamtap_pattern:print(#{what => MFA, actions => []}).
