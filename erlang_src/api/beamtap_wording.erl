%% @private
%% Words errors. Below `api' an error is `{error, #{reason := Reason, ...}}' with facts and no sentence; here it gets its
%% `message' and `remedy', in the language of whoever reads it. Since the facts stay, an error that was worded for Erlang
%% can be worded again for Elixir.
%%
%% The sentences are in `beamtap_words_*', one clause for each reason.
-module(beamtap_wording).

-export([word/2, info/2]).

-define(TOPICS, [
    fun beamtap_words_typed:words/2,
    fun beamtap_words_options:words/2,
    fun beamtap_words_pattern:words/2,
    fun beamtap_words_tap:words/2,
    fun beamtap_words_vm:words/2,
    fun beamtap_words_attach:words/2
]).

%% @doc The answer with words if it is an error, else unchanged.
-spec word(Answer, beamtap_language:language()) -> Answer | beamtap_error:error().
word({error, #{reason := _} = Given}, Language) ->
    Error = with_obstacle(Given, Language),
    case words(?TOPICS, Error, Language) of
        {Message, Remedy} -> {error, Error#{message => line(Message), remedy => line(Remedy)}};
        none when is_map_key(message, Error) -> {error, Error};
        none -> {error, Error#{message => line(beamtap_language:term(Language, Error)), remedy => <<>>}}
    end;
word(Answer, _) ->
    Answer.

%% An error that stands in the way of another has words of its own.
with_obstacle(#{obstacle := Obstacle} = Facts, Language) ->
    {error, Worded} = word({error, Obstacle}, Language),
    Facts#{obstacle := Worded};
with_obstacle(Facts, _) ->
    Facts.

%% @doc The info of a tap, or a receipt. What `facts' has is worded; where the tap does not record now, `reason' and `remedy'
%% are sentences, and `why' keeps what LTTng said.
-spec info(Told, beamtap_language:language()) -> Told | beamtap:info() when Told :: map().
info(#{facts := Facts} = Told, Language) ->
    maps:merge(degraded(Told, Language), maps:map(fun(Key, Known) -> [fact(Key, Fact, Language) || Fact <- Known] end, Facts));
info(Told, Language) ->
    degraded(Told, Language).

fact(problems, Fact, Language) -> beamtap_words_caveats:problem(Fact, Language);
fact(warnings, Fact, Language) -> beamtap_words_caveats:warning(Fact, Language);
fact(without_return, {MFA, _} = Fact, Language) -> #{function => MFA, why => beamtap_words_caveats:why(Fact, Language)}.

degraded(#{state := degraded, reason := Reason} = Info, Language) ->
    Facts = with_obstacle(maps:merge(#{why => Reason}, Info), Language),
    {Message, Remedy} = beamtap_words_tap:degraded(Facts),
    Facts#{reason := line(Message), remedy => line(Remedy)};
degraded(Info, _) ->
    Info.

words([], _, _) ->
    none;
words([Topic | Topics], Error, Language) ->
    case Topic(Error, Language) of
        none -> words(Topics, Error, Language);
        Words -> Words
    end.

%% One line, whatever the facts hold.
line(Text) ->
    Flat =
        case unicode:characters_to_binary(Text) of
            Whole when is_binary(Whole) -> Whole;
            {_, Start, _} -> Start
        end,
    binary:replace(Flat, [<<"\n">>, <<"\r">>], <<" ">>, [global]).
