%% @doc Errors: a reason and facts for programs, one line of what is wrong and one of what to do for people.
%%
%% Where an error happens it has facts alone; `beamtap_wording' adds `message' and `remedy' in the user's language.
-module(beamtap_error).

-export([from_native/1]).
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

%% @doc What the native library answers. Its sentences are in neither language: they are facts.
-spec from_native({error, {atom(), binary(), binary()}}) -> error().
from_native({error, {Reason, Cause, Advice}}) ->
    {error, #{reason => Reason, cause => Cause, advice => Advice}}.
