%% The Erlang side as a house: which folder may call which, and that every error finds its words.
-module(beamtap_folders_SUITE).

-export([all/0]).
-export([calls_go_down/1, no_module_cycles/1, every_reason_has_words/1]).

%% From the bottom up; those in one row do not know each other.
-define(FOLDERS, [[typed], [vm], [lttng], [tap], [api], [attach, faces]]).

all() -> [calls_go_down, no_module_cycles, every_reason_has_words].

%% A module calls its own folder and those further down.
calls_go_down(_) ->
    Folders = maps:from_list([{Module, folder(Module)} || Module <- modules()]),
    [] = [
        {From, calls, To, 'from', Own, 'to', Other}
     || {From, To} <- calls(),
        #{From := Own, To := Other} <- [Folders],
        Own =/= Other,
        rank(Own) =< rank(Other)
    ].

rank(Folder) ->
    [Rank] = [Rank || {Rank, Row} <- lists:zip(lists:seq(1, length(?FOLDERS)), ?FOLDERS), lists:member(Folder, Row)],
    Rank.

no_module_cycles(_) ->
    Graph = digraph:new(),
    Modules = modules(),
    [digraph:add_vertex(Graph, Module) || Module <- Modules],
    [digraph:add_edge(Graph, From, To) || {From, To} <- calls(), From =/= To, lists:member(From, Modules), lists:member(To, Modules)],
    [] = digraph_utils:cyclic_strong_components(Graph).

%% Each reason that an error is made with is in a clause of `beamtap_words_*'.
every_reason_has_words(_) ->
    Worded = lists:usort(lists:append([worded(Module) || Module <- modules(), is_words(Module)])),
    Made = [{Reason, Module} || Module <- modules(), not is_words(Module), Reason <- made(forms(Module))],
    true = length(Made) > 50,
    [] = [{Reason, 'of', Module} || {Reason, Module} <- Made, not lists:member(Reason, Worded)].

is_words(Module) -> lists:prefix("beamtap_words_", atom_to_list(Module)).

worded(Module) ->
    [
        Reason
     || {function, _, words, 2, Clauses} <- forms(Module),
        {clause, _, [Pattern | _], _, _} <- Clauses,
        {map_field_exact, _, {atom, _, reason}, {atom, _, Reason}} <- fields(Pattern)
    ].

fields({map, _, Fields}) -> Fields;
fields({match, _, Pattern, _}) -> fields(Pattern);
fields({var, _, _}) -> [].

made({map_field_assoc, _, {atom, _, reason}, {atom, _, Reason}}) -> [Reason];
made(Form) when is_tuple(Form) -> made(tuple_to_list(Form));
made([Form | Forms]) -> made(Form) ++ made(Forms);
made(_) -> [].

forms(Module) ->
    {ok, {_, [{abstract_code, {_, Forms}}]}} = beam_lib:chunks(code:which(Module), [abstract_code]),
    Forms.

%%% Within

%% Those with a source file below erlang_src: not Elixir's, and not those of tests.
modules() ->
    _ = application:load(beamtap),
    {ok, Modules} = application:get_key(beamtap, modules),
    [Module || Module <- Modules, filename:extension(source(Module)) =:= ".erl"].

folder(Module) -> list_to_atom(filename:basename(filename:dirname(source(Module)))).

source(Module) -> proplists:get_value(source, Module:module_info(compile)).

calls() ->
    {ok, _} = xref:start(?MODULE),
    try
        ok = xref:set_default(?MODULE, [{warnings, false}, {verbose, false}]),
        [{ok, Module} = xref:add_module(?MODULE, code:which(Module)) || Module <- modules()],
        {ok, Calls} = xref:q(?MODULE, "ME"),
        true = length(Calls) > 100,
        Calls
    after
        xref:stop(?MODULE)
    end.
