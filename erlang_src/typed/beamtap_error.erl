%% @doc Errors: a reason and facts for programs, one line of what and one of how to mend it for people.
%%
%% Where an error happens it has facts alone; `beamtap_wording' adds `message' and `remedy' in the user's language.
-module(beamtap_error).

-export([new/3, from_native/1, quote/1]).
-export_type([error/0, reason/0]).

%% `position' is the character, counted from 1, at which a text stopped making sense; `tap' the one that stands in the
%% way. Other keys are facts that the reason is about.
-type reason() :: #{
    reason := atom(),
    message => binary(),
    remedy => binary(),
    position => pos_integer(),
    tap => beamtap:tap(),
    atom() => term()
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

%% @doc A term as it appears in a message: bounded, on one line.
-spec quote(term()) -> binary().
quote(Term) ->
    line(io_lib:format("~0tP", [Term, 20])).

line(Text) ->
    Flat =
        case unicode:characters_to_binary(Text) of
            Whole when is_binary(Whole) -> Whole;
            {_, Start, _} -> Start
        end,
    binary:replace(Flat, [<<"\n">>, <<"\r">>], <<" ">>, [global]).
