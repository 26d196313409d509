%% @doc What a person is told when something cannot be done: one line what, one line how to mend it.
-module(beamtap_error).

-export([new/3, from_native/1, quote/1]).
-export_type([error/0, reason/0]).

%% What went wrong: `reason' for programs, `message' and `remedy' one line each for people. `position' is the
%% character, counted from 1, at which a text stopped making sense.
-type reason() :: #{
    reason := atom(),
    message := binary(),
    remedy := binary(),
    position => pos_integer(),
    tap => beamtap:tap()
}.
-type error() :: {error, reason()}.

%% @doc An error; Message and Remedy are texts in the form of {@link io_lib:format/2}'s results, each made one line.
-spec new(atom(), unicode:chardata(), unicode:chardata()) -> error().
new(Reason, Message, Remedy) ->
    {error, #{reason => Reason, message => line(Message), remedy => line(Remedy)}}.

%% @doc The same from what the native library answers.
-spec from_native({error, {atom(), binary(), binary()}}) -> error().
from_native({error, {Reason, Message, Remedy}}) ->
    new(Reason, Message, Remedy).

%% @doc A term as it appears in a message: bounded, on one line, in the language of {@link beamtap_wording}.
-spec quote(term()) -> binary().
quote(Term) ->
    line(beamtap_wording:term(Term)).

line(Text) ->
    Flat =
        case unicode:characters_to_binary(Text) of
            Whole when is_binary(Whole) -> Whole;
            {_, Start, _} -> Start
        end,
    binary:replace(Flat, [<<"\n">>, <<"\r">>], <<" ">>, [global]).
