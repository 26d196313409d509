%% Chance that can be had again: BEAMTAP_SEED with the number that a randomised case prints.
-module(beamtap_seed).

-export([new/1, one_of/1, shuffled/1]).

%% @doc To be called first in a randomised case; its process has the same chance again with the same seed.
new(Case) ->
    Seed =
        case os:getenv("BEAMTAP_SEED") of
            false -> erlang:phash2({make_ref(), erlang:system_time()});
            Given -> list_to_integer(Given)
        end,
    ct:pal("~s: BEAMTAP_SEED=~b", [Case, Seed]),
    _ = rand:seed(exsss, Seed),
    ok.

one_of(Things) -> lists:nth(rand:uniform(length(Things)), Things).

shuffled(Things) ->
    [Thing || {_, Thing} <- lists:sort([{rand:uniform(), Thing} || Thing <- Things])].
