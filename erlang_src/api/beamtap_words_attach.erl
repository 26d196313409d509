%% @private
%% Words what goes wrong between two nodes. See {@link beamtap_wording}.
-module(beamtap_words_attach).

-export([words/2]).

%% @doc Message and remedy; `none' for what is worded elsewhere.
-spec words(map(), beamtap_language:language()) -> {unicode:chardata(), unicode:chardata()} | none.
words(_, _) -> none.
