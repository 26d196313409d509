%% @private
%% The language in which people are told things: Erlang, or Elixir where its face asked.
%%
%% It belongs to the call that is being answered, not to the VM: it is kept in the calling process until the call is over,
%% and in a tap's process, which speaks as the one that started it.
-module(beamtap_wording).

-export([in_elixir/2, current/0, adopt/1, language/0, either/2, term/1, setting/2]).
-export_type([wording/0]).

%% `undefined' is Erlang.
-opaque wording() :: undefined | fun((term()) -> unicode:chardata()).

-define(KEY, '$beamtap_wording').
%% How deep a term is shown in a message.
-define(DEPTH, 20).

%% @doc Runs a fun; what it tells is in Elixir, with terms as Inspect writes them.
-spec in_elixir(fun((term()) -> unicode:chardata()), fun(() -> Result)) -> Result.
in_elixir(Inspect, Fun) ->
    Before = current(),
    ok = adopt(Inspect),
    try
        Fun()
    after
        adopt(Before)
    end.

%% @doc What is spoken here, to be adopted elsewhere.
-spec current() -> wording().
current() -> get(?KEY).

%% @doc Speaks so from now on.
-spec adopt(wording()) -> ok.
adopt(undefined) ->
    _ = erase(?KEY),
    ok;
adopt(Inspect) ->
    _ = put(?KEY, Inspect),
    ok.

%% @doc The language that is spoken.
-spec language() -> erlang | elixir.
language() ->
    case get(?KEY) of
        undefined -> erlang;
        _ -> elixir
    end.

%% @doc The text for the language that is spoken.
-spec either(Erlang, Elixir) -> Erlang | Elixir when Erlang :: unicode:chardata(), Elixir :: unicode:chardata().
either(Erlang, Elixir) ->
    case language() of
        erlang -> Erlang;
        elixir -> Elixir
    end.

%% @doc A term, bounded.
-spec term(term()) -> unicode:chardata().
term(Term) ->
    case get(?KEY) of
        undefined -> io_lib:format("~0tP", [Term, ?DEPTH]);
        Inspect -> Inspect(Term)
    end.

%% @doc A key with its value, as it stands among options.
-spec setting(atom(), term()) -> unicode:chardata().
setting(Key, Value) ->
    [atom_to_list(Key), either(" => ", ": "), term(Value)].
