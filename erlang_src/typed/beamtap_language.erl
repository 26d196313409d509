%% @private
%% Writes terms, calls and options in the user's language. The pieces that {@link beamtap_wording} builds sentences from.
-module(beamtap_language).

-export([either/3, term/2, terms/2, one_of/2, call/3, option/3]).
-export_type([language/0]).

%% Elixir comes with its `inspect', since a VM need not have Elixir.
-type language() :: erlang | {elixir, Inspect :: fun((term()) -> unicode:chardata())}.

%% How deep a term is shown.
-define(DEPTH, 20).
%% More names than these do not fit a line of a shell.
-define(NAMES, 7).

%% @doc One of two texts.
-spec either(language(), Erlang, Elixir) -> Erlang | Elixir when Erlang :: unicode:chardata(), Elixir :: unicode:chardata().
either(erlang, Erlang, _) -> Erlang;
either({elixir, _}, _, Elixir) -> Elixir.

%% @doc A term, shortened where it is deep.
-spec term(language(), term()) -> unicode:chardata().
term(erlang, Term) -> io_lib:format("~0tP", [Term, ?DEPTH]);
term({elixir, Inspect}, Term) -> Inspect(Term).

%% @doc Terms with commas between them, the first 7.
-spec terms(language(), [term()]) -> unicode:chardata().
terms(Language, Terms) when length(Terms) > ?NAMES -> [terms(Language, lists:sublist(Terms, ?NAMES)), " and more"];
terms(Language, Terms) -> lists:join(", ", [term(Language, Term) || Term <- Terms]).

%% @doc Terms of which one is expected: `low, default or high'.
-spec one_of(language(), [term(), ...]) -> unicode:chardata().
one_of(Language, [Only]) -> term(Language, Only);
one_of(Language, [One, Other]) -> [term(Language, One), " or ", term(Language, Other)];
one_of(Language, [One | Others]) -> [term(Language, One), ", ", one_of(Language, Others)].

%% @doc A call of beamtap's API: `beamtap:stop({tap,1})', `Beamtap.stop({:tap, 1})'. Arguments are texts.
-spec call(language(), atom(), [unicode:chardata()]) -> unicode:chardata().
call(Language, Function, Arguments) ->
    [either(Language, "beamtap:", "Beamtap."), atom_to_list(Function), "(", lists:join(", ", Arguments), ")"].

%% @doc An option with a value: `#{for => 5000}', `for: 5000'.
-spec option(language(), atom(), term()) -> unicode:chardata().
option(Language, Key, Value) ->
    Written = term(Language, Value),
    either(Language, ["#{", term(erlang, Key), " => ", Written, "}"], [atom_to_list(Key), ": ", Written]).
