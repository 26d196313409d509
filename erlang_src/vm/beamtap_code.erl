%% @private
%% From a function pattern to the functions that exist: loads the modules it names and counts the matches.
%%
%% A name from a text becomes an atom only if the atom exists, or a file of that module is on the code path. A module that
%% cannot be loaded is an error; `erlang:trace_pattern/3' would only return 0.
-module(beamtap_code).

-export([asked/1, asked_of/2, resolve/1, functions/1, left_out/1]).
-export_type([match/0]).

%% A pattern for `erlang:trace_pattern/3', with the number of functions it matches.
-type match() :: {beamtap_match:mfa_pattern(), pos_integer()}.

%% @doc The functions that patterns name, each with the clauses of its match specification.
-spec asked([beamtap_pattern:pattern()]) -> {ok, [beamtap_match:asked()]} | beamtap_error:error().
asked(Patterns) ->
    asked(Patterns, []).

asked([], Asked) ->
    {ok, lists:append(lists:reverse(Asked))};
asked([Pattern | Rest], Asked) ->
    case resolve(Pattern) of
        {ok, Matches} ->
            case beamtap_match:clauses(Pattern) of
                {ok, Clauses} -> asked(Rest, [[{MFA, Clauses} || {MFA, _} <- Matches] | Asked]);
                {error, _} = Error -> Error
            end;
        {error, _} = Error ->
            Error
    end.

%% @doc What patterns ask for in one module, which is loaded.
-spec asked_of(module(), [beamtap_pattern:pattern()]) -> [beamtap_match:asked()].
asked_of(Module, Patterns) ->
    [
        {MFA, Clauses}
     || #{what := What} = Pattern <- Patterns, {MFA, _} <- matches_of(Module, What), {ok, Clauses} <- [beamtap_match:clauses(Pattern)]
    ].

matches_of(Module, {app, App}) ->
    [Match || {ok, Modules} <- [modules_of(App)], lists:member(Module, Modules), Match <- matches(Module, '_', '_')];
matches_of(Module, {behaviour, Behaviour}) ->
    [
        Match
     || Module =/= Behaviour, not lists:member(Module, modules_of_beamtap()), implements(Module, Behaviour),
        {ok, Callbacks} <- [callbacks(Behaviour)], {F, A} <- Callbacks, Match <- matches(Module, F, A)
    ];
matches_of(Module, {M, F, A}) ->
    IsMeant =
        case M of
            '_' -> not lists:member(Module, modules_of_beamtap());
            _ -> beamtap_name:existing(M) =:= {ok, Module}
        end,
    [Match || IsMeant, {ok, Function} <- [beamtap_name:existing(F)], Match <- matches(Module, Function, A)].

%% @doc The functions that a pattern names. Each match is at least one function.
-spec resolve(beamtap_pattern:pattern()) -> {ok, [match()]} | beamtap_error:error().
resolve(#{what := {app, App}} = Pattern) ->
    case modules_of(App) of
        {ok, Modules} -> some(lists:append([matches(M, '_', '_') || M <- Modules, is_loadable(M)]), Pattern);
        none -> no_application(App)
    end;
resolve(#{what := {behaviour, Behaviour}} = Pattern) ->
    case callbacks(Behaviour) of
        {ok, Callbacks} ->
            Modules = [M || M <- loaded_by_others(), implements(M, Behaviour)],
            some([Match || M <- Modules, {F, A} <- Callbacks, Match <- matches(M, F, A)], Pattern);
        {error, _} = Error ->
            Error
    end;
resolve(#{what := {'_', F, A}} = Pattern) ->
    case beamtap_name:existing(F) of
        {ok, Function} -> some(lists:append([matches(M, Function, A) || M <- loaded_by_others()]), Pattern);
        none -> some([], Pattern)
    end;
resolve(#{what := {{below, Name}, F, A}} = Pattern) ->
    case [M || Below <- below(Name), M <- [list_to_atom(Below)], is_loadable(M)] of
        [] ->
            no_module(Name);
        Modules ->
            case beamtap_name:existing(F) of
                {ok, Function} -> some(lists:append([matches(M, Function, A) || M <- Modules]), Pattern);
                none -> some([], Pattern)
            end
    end;
resolve(#{what := {M, F, A}} = Pattern) ->
    case module(M) of
        {ok, Module} ->
            Found =
                case beamtap_name:existing(F) of
                    {ok, Function} -> matches(Module, Function, A);
                    none -> []
                end,
            some(Found, Pattern#{what := {Module, F, A}});
        none ->
            no_module(M)
    end.

some([_ | _] = Matches, _) ->
    {ok, Matches};
some([], #{what := {{below, _}, _, _} = What}) ->
    {error, #{reason => no_match, pattern => What}};
some([], #{what := {M, F, _} = What}) when M =/= '_' ->
    {error, maps:merge(#{reason => no_match, pattern => What, module => M}, hint(F, all_of(M)))};
some([], #{what := What}) ->
    {error, #{reason => no_match, pattern => What}}.

%%% Behaviours

callbacks(Behaviour) ->
    case loaded(Behaviour) of
        {ok, Module} ->
            try
                {ok, Module:behaviour_info(callbacks)}
            catch
                error:undef ->
                    {error, #{reason => no_behaviour, module => Behaviour}}
            end;
        none ->
            no_module(Behaviour)
    end.

implements(Module, Behaviour) ->
    try
        lists:any(
            fun({Key, Names}) ->
                (Key =:= behaviour orelse Key =:= behavior) andalso lists:member(Behaviour, Names)
            end,
            Module:module_info(attributes)
        )
    catch
        error:undef -> false
    end.

%%% Modules

module(Name) when is_atom(Name) ->
    loaded(Name);
module(Name) ->
    case beamtap_name:existing(Name) of
        {ok, Module} ->
            loaded(Module);
        none ->
            %% There is a file of that name; loading the module makes the atom anyway.
            case is_file_name(Name) andalso code:where_is_file(binary_to_list(Name) ++ ".beam") of
                Path when is_list(Path) -> loaded(binary_to_atom(Name));
                _ -> none
            end
    end.

loaded(Module) ->
    case is_loadable(Module) of
        true -> {ok, Module};
        false -> none
    end.

is_loadable(Module) ->
    code:ensure_loaded(Module) =:= {module, Module}.

%% No name that leaves the directory, or that the file system reads differently.
is_file_name(Name) ->
    lists:all(
        fun(C) ->
            (C >= $a andalso C =< $z) orelse (C >= $A andalso C =< $Z) orelse (C >= $0 andalso C =< $9) orelse
                C =:= $_ orelse C =:= $. orelse C =:= $-
        end,
        binary_to_list(Name)
    ) andalso Name =/= <<>> andalso binary:first(Name) =/= $..

%% The names of an Elixir module and of the modules below it, loaded or not, except beamtap's own.
below(Name) ->
    Own = [atom_to_list(M) || M <- modules_of_beamtap()],
    Module = unicode:characters_to_list(name_text(Name)),
    Prefix = Module ++ ".",
    Known = [Known || {Known, _, _} <- code:all_available(), Known =:= Module orelse lists:prefix(Prefix, Known)],
    lists:sort(Known) -- Own.

%% @doc Text patterns such as "Orders.*" that name one module alone, each with the modules below it that are left out.
-spec left_out([beamtap_pattern:pattern()]) -> [{Pattern :: tuple(), Below :: [string()]}].
left_out(Patterns) ->
    [
        {What, Below}
     || #{what := {M, '_', '_'} = What} <- Patterns,
        is_binary(M),
        beamtap_name:elixir_alias(M) =/= none,
        Below <- [below(M) -- [unicode:characters_to_list(M)]],
        Below =/= []
    ].

modules_of(App) ->
    _ = application:load(App),
    case application:get_key(App, modules) of
        {ok, Modules} -> {ok, Modules};
        undefined -> none
    end.

%% Nobody who says "all" means beamtap's own functions.
loaded_by_others() ->
    Own = modules_of_beamtap(),
    [M || {M, _} <- code:all_loaded(), not lists:member(M, Own)].

modules_of_beamtap() ->
    case application:get_key(beamtap, modules) of
        {ok, Modules} -> Modules;
        undefined -> []
    end.

%%% Functions

all_of(Module) ->
    %% A module that is unloaded meanwhile has no functions.
    try
        Module:module_info(functions)
    catch
        error:undef -> []
    end.

%% @doc The functions that a pattern of the VM matches.
-spec functions(beamtap_match:mfa_pattern()) -> [mfa()].
functions({M, F, A}) ->
    [{M, F1, A1} || {F1, A1} <- all_of(M), F =:= '_' orelse F1 =:= F, A =:= '_' orelse A1 =:= A].

%% trace_pattern/3 does not accept {M, '_', Arity}.
matches(Module, '_', A) when is_integer(A) ->
    [{{Module, F, A}, 1} || {F, Arity} <- all_of(Module), Arity =:= A];
matches(Module, F, A) ->
    Count = length([
        F1
     || {F1, A1} <- all_of(Module), F =:= '_' orelse F1 =:= F, A =:= '_' orelse A1 =:= A
    ]),
    [{{Module, F, A}, Count} || Count > 0].

%%% Errors

no_module(M) ->
    Name = unicode:characters_to_list(name_text(M)),
    Below = case lists:prefix("Elixir.", Name) of true -> below(M); false -> [] end,
    {error, maps:merge(#{reason => no_module, module => Name}, case Below of [] -> near_module(Name); _ -> #{below => Below} end)}.

near_module(Name) ->
    case beamtap_shape:class(Name, beamtap_spec:classes()) of
        {ok, Class} ->
            #{class => Class};
        none ->
            near(Name, [atom_to_list(Loaded) || {Loaded, _} <- code:all_loaded()])
    end.

no_application(App) ->
    Near = near(atom_to_list(App), [atom_to_list(Name) || {Name, _, _} <- application:loaded_applications()]),
    {error, Near#{reason => no_application, application => App}}.

near(Name, Candidates) ->
    maps:from_list([{near, list_to_existing_atom(Best)} || {ok, Best} <- [beamtap_shape:nearest(Name, Candidates)]]).

%% What exists instead: the function with another arity, or one with a similar name.
hint('_', _) ->
    #{};
hint(F, Known) ->
    Name = name_text(F),
    case lists:sort([Arity || {Other, Arity} <- Known, name_text(Other) =:= Name]) of
        [] -> near(unicode:characters_to_list(Name), [atom_to_list(Other) || {Other, _} <- Known]);
        Arities -> #{arities => Arities}
    end.

name_text(Name) when is_atom(Name) -> atom_to_binary(Name);
name_text(Name) -> Name.
