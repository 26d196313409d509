%% @private
%% Words what goes wrong with a tap, with LTTng and with the VM. See {@link beamtap_wording}.
-module(beamtap_words_tap).

-export([words/2]).

%% @doc Message and remedy; `none' for what is worded elsewhere.
-spec words(map(), beamtap_language:language()) -> {unicode:chardata(), unicode:chardata()} | none.
%% What the native library or LTTng answered.
words(#{cause := Cause, advice := Advice}, _) -> {Cause, Advice};
words(_, _) -> none.
