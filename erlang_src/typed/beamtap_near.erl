%% @doc The name somebody probably meant. Pure.
-module(beamtap_near).

-export([name/2]).

%% @doc The candidate that differs least from Name, if it differs in at most a third of Name's characters.
-spec name(string(), [string()]) -> {ok, string()} | none.
name(Name, Candidates) ->
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

%% Insertions, deletions, replacements, and two neighbours that changed places (optimal string alignment). The rows of
%% the last two characters are kept; of each, what follows the place looked at.
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
