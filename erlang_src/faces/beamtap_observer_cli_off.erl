%% @doc A page of observer_cli that switches everything off when it is opened; its shortcut is the key for that. A module of
%% its own, since observer_cli has one module for each page. {@link beamtap_observer_cli} shows its configuration.
-module(beamtap_observer_cli_off).

-export([attributes/1, sheet_header/0, sheet_body/1]).

-define(WIDTH, 132).

%% @doc The outcome. What is switched on while the page is open stays on.
-spec attributes(term()) -> {[[map()]], {?MODULE, iodata()}}.
attributes({?MODULE, Said} = Done) ->
    {[[#{content => Said, width => ?WIDTH}]], Done};
attributes(_) ->
    attributes({?MODULE, said(beamtap_toggle:off())}).

said({ok, none}) ->
    "nothing was on";
said({ok, #{tap := {tap, Number}, path := Path}}) ->
    lists:flatten(io_lib:format("everything is off; tap ~b is in ~ts", [Number, Path]));
said({error, #{message := Message, remedy := Remedy}}) ->
    lists:flatten(io_lib:format("~ts; ~ts", [Message, Remedy])).

-spec sheet_header() -> [map()].
sheet_header() ->
    [#{title => "Still on", width => ?WIDTH}].

%% @doc What is on, an item a row.
-spec sheet_body(State) -> {[[term()]], State}.
sheet_body(State) ->
    {[[lists:flatten(io_lib:format("~0tp", [Item]))] || Item <- beamtap_toggle:items()], State}.
