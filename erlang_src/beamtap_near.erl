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

%% Levenshtein's: insertions, deletions and replacements.
distance(From, To) ->
    lists:last(lists:foldl(fun(Char, Row) -> row(Char, To, Row) end, lists:seq(0, length(To)), From)).

row(Char, To, [Diagonal | Above]) ->
    row(Char, To, Diagonal, Above, Diagonal + 1, [Diagonal + 1]).

row(_, [], _, [], _, Row) ->
    lists:reverse(Row);
row(Char, [Other | To], Diagonal, [Up | Above], Left, Row) ->
    Replaced =
        case Char of
            Other -> Diagonal;
            _ -> Diagonal + 1
        end,
    Cost = lists:min([Replaced, Up + 1, Left + 1]),
    row(Char, To, Up, Above, Cost, [Cost | Row]).
