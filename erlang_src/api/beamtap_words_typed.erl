%% @private
%% Words what is wrong with what a user typed. See {@link beamtap_wording}.
-module(beamtap_words_typed).

-export([words/2]).

-import(beamtap_language, [either/3, term/2, call/3]).

%% @doc Message and remedy; `none' for what is worded elsewhere.
-spec words(map(), beamtap_language:language()) -> {unicode:chardata(), unicode:chardata()} | none.
words(#{reason := unknown_tap, value := {ok, {tap, _} = Tap} = Answer}, L) ->
    {
        [term(L, Answer), " is the whole answer of start; the tap is ", term(L, Tap)],
        ["match it: ", either(L, "{ok, Tap} = beamtap:start(...)", "{:ok, tap} = Beamtap.start(...)")]
    };
words(#{reason := unknown_tap, value := Value}, L) ->
    {[term(L, Value), " is not a tap of this VM"], [call(L, info, []), " lists the taps"]};
words(#{reason := bad_text, what := What, value := Value}, L) ->
    {["invalid ", atom_to_list(What), " ", term(L, Value)], "pass a text"};
words(_, _) ->
    none.
