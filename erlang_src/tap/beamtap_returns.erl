%% @private
%% Functions whose returns are not recorded although they are asked for, and how a person is told.
-module(beamtap_returns).

-export([none/0, limit/1, merge/2, reloaded/3, piled/4, watched/2, told/2, text/1, piled_text/2, unread/1]).
-export_type([limits/0, told/0]).

%% `piled': found while it was recorded.
-type why() :: beamtap_loops:loop() | piled.
-type limits() :: #{without := #{mfa() => why()}, unsure := [mfa()], unread := [module()]}.
-type told() :: [#{function := mfa(), why := binary()}].

%% From these sizes on more functions than those seen are suspected.
-define(LARGE_WORDS, 20000).
-define(HUGE_WORDS, 200000).
-define(PILED, "Its calls piled up in a process without returning").
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
watched(Asked, #{unsure := Unsure}) ->
    Limited = maps:from_keys([MFA || {MFA, Wish} <- Asked, not is_list(Wish)], []),
    [MFA || MFA <- Unsure, not is_map_key(MFA, Limited), not beamtap_match:is_forced(MFA, Asked)].

%% @doc Takes functions off that may be why calls pile up in a process that was seen in Stack, where they are: the VM goes
%% through all that has piled up at each call that is traced there, with returns or without. Those that were seen themselves
%% come first; where a large stack goes on growing, those of the same modules, and at last all. A stack with a function that
%% is recorded and does not loop is that function's recursion.
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

%%% For people

%% @doc The functions recorded without returns that are still asked for, and why.
-spec told([beamtap_match:asked()], limits()) -> told().
told(Asked, #{without := Without}) ->
    Known = maps:from_keys([MFA || {MFA, Wish} <- Asked, not is_list(Wish)], []),
    [
        #{function => MFA, why => unicode:characters_to_binary(why(MFA, Why))}
     || {MFA, Why} <- lists:sort(maps:to_list(Without)), is_map_key(MFA, Known), not beamtap_match:is_forced(MFA, Asked)
    ].

%% @doc One line for all of them; none where there are none.
-spec text(told()) -> none | binary().
text([]) ->
    none;
text(Told) ->
    unicode:characters_to_binary([
        "Recorded without returns: ", named([[name(MFA), " (", Why, ")"] || #{function := MFA, why := Why} <- Told]),
        ". A call that does not return before the next one leaves a frame on the process's stack; -> return! records them all the same."
    ]).

%% @doc One line for functions that are not recorded any more.
-spec piled_text([mfa()], unicode:chardata()) -> binary().
piled_text(Functions, Since) ->
    unicode:characters_to_binary(["Not recorded from ", Since, " on: ", named([name(MFA) || MFA <- Functions]), ". ", ?PILED, "."]).

named(Texts) ->
    More = [[" and ", integer_to_list(length(Texts) - ?NAMED), " more"] || length(Texts) > ?NAMED],
    [lists:join(", ", lists:sublist(Texts, ?NAMED)), More].

why(MFA, MFA) -> "it calls itself last";
why(_, known) -> "a loop of OTP's";
why(_, piled) -> ?PILED;
why(_, Next) -> ["it calls ", name(Next), " last, which leads to it again"].

%% @doc What is said of modules whose code could not be read; none where there are none.
-spec unread([module()]) -> none | binary().
unread([]) ->
    none;
unread(Modules) ->
    unicode:characters_to_binary([
        "Loops were not looked for in ", named([beamtap_error:quote(M) || M <- Modules]), ": the object code of what is loaded is not at hand. They are noticed while they run."
    ]).

name(MFA) -> beamtap_pattern:print(#{what => MFA, actions => []}).
