%% @private
%% Words errors. Below `api' an error is `{error, #{reason := Reason, ...}}' with facts and no sentence; here it gets its
%% `message' and `remedy', in the language of whoever reads it. Since the facts stay, an error that was worded for Erlang
%% can be worded again for Elixir.
%%
%% The sentences are in `beamtap_words_*', one clause for each reason.
-module(beamtap_wording).

-export([word/2, info/2]).
%% For what is still worded where it happens; they speak Erlang.
-export([either/2, current/0, adopt/1, language/0, term/1, setting/2]).
-export_type([wording/0]).

-type wording() :: undefined.
-define(TOPICS, [
    fun beamtap_words_typed:words/2, fun beamtap_words_options:words/2, fun beamtap_words_pattern:words/2, fun beamtap_words_tap:words/2, fun beamtap_words_vm:words/2, fun beamtap_words_attach:words/2
]).

%% @doc The answer with words if it is an error, else unchanged.
-spec word(Answer, beamtap_language:language()) -> Answer | beamtap_error:error().
word({error, #{reason := _, obstacle := Obstacle} = Error}, Language) when not is_map_key(remedy, Obstacle) ->
    {error, Worded} = word({error, Obstacle}, Language),
    word({error, Error#{obstacle := Worded}}, Language);
word({error, #{reason := _} = Error}, Language) ->
    case words(?TOPICS, Error, Language) of
        {Message, Remedy} -> {error, Error#{message => line(Message), remedy => line(Remedy)}};
        none when is_map_key(message, Error) -> {error, Error};
        none -> {error, Error#{message => line(beamtap_language:term(Language, Error)), remedy => <<>>}}
    end;
word(Answer, _) ->
    Answer.

%% @doc The info of a tap, with the `reason' for which it does not record now and the `remedy'.
-spec info(beamtap:info(), beamtap_language:language()) -> beamtap:info().
info(#{state := degraded, reason := Reason} = Info, Language) ->
    {Message, Remedy} =
        case Info of
            #{obstacle := Obstacle} ->
                {error, Worded} = word({error, Obstacle}, Language),
                beamtap_words_tap:degraded(Info#{why => Reason, obstacle := Worded});
            #{} ->
                beamtap_words_tap:degraded(Info#{why => Reason})
        end,
    Info#{reason := line(Message), remedy => line(Remedy)};
info(Info, _) ->
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

-spec either(Text, term()) -> Text.
either(Erlang, _) -> Erlang.

-spec current() -> wording().
current() -> undefined.

-spec adopt(wording()) -> ok.
adopt(undefined) -> ok.

-spec language() -> erlang.
language() -> erlang.

-spec term(term()) -> unicode:chardata().
term(Term) -> beamtap_language:term(erlang, Term).

-spec setting(atom(), term()) -> unicode:chardata().
setting(Key, Value) -> [atom_to_list(Key), " => ", term(Value)].
