%% @private
%% Words what goes wrong in the VM. See {@link beamtap_wording}.
-module(beamtap_words_vm).

-export([words/2]).

%% @doc Message and remedy; `none' for what is worded elsewhere.
-spec words(map(), beamtap_language:language()) -> {unicode:chardata(), unicode:chardata()} | none.
words(_, _) ->
    none.
