%% @doc What the user typed, checked. Pure: nothing is loaded, set or asked of the VM, and no atom is made.
%%
%% Every check of user input is here (the text of a function pattern in {@link beamtap_pattern}).
-module(beamtap_spec).

-export([check/1, check_opts/2]).
-export([classes/0]).
-export_type([spec/0, opts/0, checked/0, checked_opts/0, function_spec/0, class/0, target/0]).

%% A function to trace: a pattern with `_' for anything, an external fun, a module (all its functions), an
%% application (all functions of its modules), a text as {@link beamtap_pattern} reads it; alone, or with what is to
%% be recorded besides its calls.
-type function_spec() :: function_name() | {function_name(), action() | [action()]}.
-type function_name() ::
    {module() | '_', atom(), arity() | '_'} | fun() | module() | {app, atom()} | string() | binary().
-type action() :: return | exception.
%% The flags of `erlang:trace/3' that beamtap records. `return' and `exception' apply to every function named.
-type class() ::
    call | return_to | send | 'receive' | procs | running | exiting | garbage_collection.
-type target() :: all | new | existing | pid() | atom().
%% A map or a property list of these keys; or, for short, functions and classes by themselves or in a list (an atom
%% that is a class is the class). `all' is every class that needs no function.
-type spec() ::
    #{
        functions => function_spec() | [function_spec()],
        classes => all | class() | action() | [class() | action()],
        targets => target() | [target()]
    }
    | [{functions | classes | targets, term()}]
    | all
    | function_spec()
    | class()
    | [function_spec() | class() | action()].
-type opts() ::
    #{
        for => pos_integer() | infinity,
        events => pos_integer() | infinity,
        output => file:name_all(),
        subbuf_size => pos_integer(),
        num_subbuf => pos_integer(),
        owner => pid()
    }
    | [{atom(), term()}].

-type checked() :: #{
    functions := [beamtap_pattern:pattern()],
    classes := [class()],
    targets := [target()]
}.
-type checked_opts() :: #{
    for := pos_integer() | infinity,
    events := pos_integer() | infinity,
    output := binary() | default,
    subbuf_size := pos_integer(),
    num_subbuf := pos_integer(),
    owner := pid()
}.

%% A tap ends by itself after this many milliseconds...
-define(DEFAULT_FOR_MS, 10000).
%% ...or this many events, whichever comes first.
-define(DEFAULT_EVENTS, 1000000).
%% The ring buffer of each CPU: 4 MiB hold some tens of milliseconds of a full-speed flood.
-define(DEFAULT_SUBBUF_SIZE_BYTES, 524288).
-define(DEFAULT_NUM_SUBBUF, 8).
%% LTTng takes no sub-buffer smaller than a memory page; more than this is a slip of the finger.
-define(MIN_SUBBUF_SIZE_BYTES, 4096).
-define(MAX_SUBBUF_SIZE_BYTES, 1073741824).
-define(MAX_NUM_SUBBUF, 65536).
%% Ten years; longer times do not fit LTTng's and the VM's timers.
-define(MAX_FOR_MS, 315360000000).
-define(MAX_EVENTS, 16#FFFFFFFFFFFF).

-define(CLASSES, [call, return_to, send, 'receive', procs, running, exiting, garbage_collection]).
-define(NEED_FUNCTIONS, [call, return_to]).
-define(ACTIONS, [return, exception]).
-define(SPEC_KEYS, [functions, classes, targets]).
-define(OPT_KEYS, [for, events, output, subbuf_size, num_subbuf, owner]).

%% @doc The classes that can be recorded.
-spec classes() -> [class()].
classes() ->
    ?CLASSES.

%% @doc Checks what is to be traced.
-spec check(term()) -> {ok, checked()} | beamtap_error:error().
check(Spec) ->
    try
        {ok, complete(fields(Spec))}
    catch
        throw:{error, _} = Error -> Error
    end.

%% @doc Checks the options; Owner is the owner unless another is named.
-spec check_opts(term(), pid()) -> {ok, checked_opts()} | beamtap_error:error().
check_opts(Opts, Owner) ->
    Defaults = #{
        for => ?DEFAULT_FOR_MS,
        events => ?DEFAULT_EVENTS,
        output => default,
        subbuf_size => ?DEFAULT_SUBBUF_SIZE_BYTES,
        num_subbuf => ?DEFAULT_NUM_SUBBUF,
        owner => Owner
    },
    try
        Given = keyed(Opts, ?OPT_KEYS, option),
        {ok, maps:merge(Defaults, maps:map(fun opt/2, Given))}
    catch
        throw:{error, _} = Error -> Error
    end.

%%% What is to be traced

fields(Spec) when is_map(Spec) ->
    keyed(Spec, ?SPEC_KEYS, spec);
fields([{Key, _} | _] = Spec) when is_atom(Key) ->
    %% A property list, unless it starts as a list of functions may: {module, return}, {app, Name}.
    IsPair = fun
        ({K, _}) -> lists:member(K, ?SPEC_KEYS);
        (_) -> false
    end,
    case is_proper(Spec) andalso lists:any(IsPair, Spec) of
        true -> keyed(Spec, ?SPEC_KEYS, spec);
        false -> mixed(Spec)
    end;
fields(all) ->
    #{classes => all};
fields(Spec) when is_number(Spec) ->
    %% Not [Spec], which is a text.
    no_function(Spec);
fields(Spec) ->
    mixed(elements(Spec)).

mixed(Elements) ->
    IsClass = fun(Element) -> lists:member(Element, ?CLASSES ++ ?ACTIONS) end,
    {Classes, Functions} = lists:partition(IsClass, proper(Elements)),
    case Elements of
        [] -> fail(empty_spec, "nothing to trace was named", remedy(spec));
        _ -> #{classes => Classes, functions => Functions}
    end.

complete(Fields) ->
    Asked = classes(maps:get(classes, Fields, [])),
    {Actions, Classes} = lists:partition(fun(C) -> lists:member(C, ?ACTIONS) end, Asked),
    Functions = [
        add_actions(function(F), Actions)
     || F <- proper(elements(maps:get(functions, Fields, [])))
    ],
    Targets = targets(maps:get(targets, Fields, all)),
    case Functions of
        [] ->
            _ = [
                fail(no_functions, [quote(C), " records nothing without functions"], remedy(functions))
             || C <- Asked, lists:member(C, ?NEED_FUNCTIONS ++ ?ACTIONS)
            ],
            Asked =:= [] andalso fail(empty_spec, "nothing to trace was named", remedy(spec)),
            #{functions => [], classes => Classes, targets => Targets};
        _ ->
            #{functions => Functions, classes => lists:usort([call | Classes]), targets => Targets}
    end.

classes(all) ->
    ?CLASSES -- ?NEED_FUNCTIONS;
classes(Classes) ->
    lists:usort([class(C) || C <- proper(elements(Classes))]).

class(Class) ->
    case lists:member(Class, ?CLASSES ++ ?ACTIONS) of
        true -> Class;
        false -> unknown(unknown_class, "class", Class, ?CLASSES ++ ?ACTIONS)
    end.

targets(Targets) ->
    case lists:usort([target(T) || T <- proper(elements(Targets))]) of
        [] -> fail(bad_target, "the list of targets is empty", remedy(targets));
        Checked -> Checked
    end.

target(Pid) when is_pid(Pid), node(Pid) =:= node() ->
    Pid;
target(Pid) when is_pid(Pid) ->
    fail(bad_target, [quote(Pid), " lives on another node"], ["start beamtap on ", quote(node(Pid))]);
target(Name) when is_atom(Name), Name =/= undefined ->
    Name;
target(Other) ->
    fail(bad_target, [quote(Other), " is neither a local pid nor a name"], remedy(targets)).

add_actions(#{actions := Own} = Pattern, More) ->
    Pattern#{actions := lists:usort(Own ++ More)}.

function({app, App}) when is_atom(App), App =/= return, App =/= exception ->
    pattern({app, App}, []);
function({M, F, A}) when is_atom(M), is_atom(F), (A =:= '_' orelse (is_integer(A) andalso A >= 0 andalso A =< 255)) ->
    pattern({M, F, A}, []);
function({M, F, A}) when is_atom(M), is_atom(F) ->
    fail(bad_function, [quote({M, F, A}), ": an arity is a number up to 255 or '_'"], remedy(functions));
function({Function, Actions}) when is_atom(Actions); is_list(Actions) ->
    #{actions := Own} = Pattern = function(Function),
    Pattern#{actions := lists:usort(Own ++ [action(A, Function) || A <- proper(elements(Actions))])};
function(Fun) when is_function(Fun) ->
    case erlang:fun_info(Fun, type) of
        {type, external} ->
            {module, M} = erlang:fun_info(Fun, module),
            {name, F} = erlang:fun_info(Fun, name),
            {arity, A} = erlang:fun_info(Fun, arity),
            pattern({M, F, A}, []);
        {type, local} ->
            fail(
                bad_function,
                [quote(Fun), " has no name outside its module"],
                "name an exported function: fun lists:map/2 in Erlang, &Enum.map/2 in Elixir"
            )
    end;
function(Module) when is_atom(Module) ->
    pattern({Module, '_', '_'}, []);
function(Text) when is_binary(Text); is_list(Text) ->
    case beamtap_pattern:parse(Text) of
        {ok, Pattern} -> Pattern;
        {error, _} = Error -> throw(Error)
    end;
function(Other) ->
    no_function(Other).

-spec no_function(term()) -> no_return().
no_function(Other) ->
    fail(bad_function, [quote(Other), " names no function"], remedy(functions)).

action(Action, Function) ->
    case lists:member(Action, ?ACTIONS) of
        true ->
            Action;
        false ->
            fail(
                unknown_action,
                [quote({Function, Action}), ": ", quote(Action), " is neither return nor exception"],
                "a function of any arity is {Module, Function, '_'}"
            )
    end.

pattern(What, Actions) ->
    #{what => What, actions => Actions}.

%%% Options

opt(Bound, infinity) when Bound =:= for; Bound =:= events -> infinity;
opt(for, Ms) when is_integer(Ms), Ms >= 1, Ms =< ?MAX_FOR_MS -> Ms;
opt(for, Other) ->
    bad_option(for, Other, "a time in milliseconds from 1 on, or infinity");
opt(events, N) when is_integer(N), N >= 1, N =< ?MAX_EVENTS -> N;
opt(events, Other) ->
    bad_option(events, Other, "a number of events from 1 on, or infinity");
opt(subbuf_size, N) when
    is_integer(N), N >= ?MIN_SUBBUF_SIZE_BYTES, N =< ?MAX_SUBBUF_SIZE_BYTES, N band (N - 1) =:= 0
->
    N;
opt(subbuf_size, Other) ->
    bad_option(subbuf_size, Other, "a number of bytes, a power of two from 4096 to 1073741824");
opt(num_subbuf, N) when is_integer(N), N >= 2, N =< ?MAX_NUM_SUBBUF, N band (N - 1) =:= 0 -> N;
opt(num_subbuf, Other) ->
    bad_option(num_subbuf, Other, "a power of two from 2 to 65536");
opt(owner, Pid) when is_pid(Pid), node(Pid) =:= node() -> Pid;
opt(owner, Other) ->
    bad_option(owner, Other, "a process of this node");
opt(output, Name) ->
    case is_name(Name) andalso path(Name) of
        <<_, _/binary>> = Path -> Path;
        _ -> bad_option(output, Name, "the name of a directory")
    end.

is_name(Name) -> is_binary(Name) orelse is_list(Name) orelse (is_atom(Name) andalso not is_boolean(Name)).

path(Name) ->
    try unicode:characters_to_binary(filename:flatten(Name)) of
        Path when is_binary(Path) ->
            case binary:match(Path, <<0>>) of
                nomatch -> Path;
                _ -> false
            end;
        _ ->
            false
    catch
        error:_ -> false
    end.

-spec bad_option(atom(), term(), string()) -> no_return().
bad_option(Key, Value, Want) ->
    fail(bad_option, [atom_to_list(Key), " => ", quote(Value), " cannot be"], [atom_to_list(Key), " is ", Want]).

%%% Shapes

keyed(Given, Known, Kind) when is_map(Given) ->
    maps:foreach(
        fun(Key, _) ->
            lists:member(Key, Known) orelse
                unknown(unknown_key, case Kind of option -> "option"; spec -> "key" end, Key, Known)
        end,
        Given
    ),
    Given;
keyed(Given, Known, Kind) when is_list(Given) ->
    Pairs = [
        case Pair of
            {_, _} ->
                Pair;
            _ ->
                fail(
                    bad_shape,
                    [quote(Pair), " stands where {Key, Value} is expected"],
                    ["the keys are ", names(Known)]
                )
        end
     || Pair <- proper(Given)
    ],
    keyed(maps:from_list(Pairs), Known, Kind);
keyed(Given, Known, _) ->
    fail(bad_shape, [quote(Given), " is neither a map nor a list of pairs"], ["the keys are ", names(Known)]).

%% One thing or a list of things; a text in the form of a list is one thing.
elements([]) -> [];
elements([First | _] = Text) when is_integer(First) -> [Text];
elements(List) when is_list(List) -> List;
elements(One) -> [One].

proper(List) ->
    case is_proper(List) of
        true -> List;
        false -> fail(bad_shape, [quote(List), " is not a proper list"], remedy(spec))
    end.

is_proper(List) ->
    try length(List) of
        _ -> true
    catch
        error:badarg -> false
    end.

-spec unknown(atom(), string(), term(), [atom()]) -> no_return().
unknown(Reason, Kind, Given, Known) ->
    Text =
        case is_atom(Given) of
            true -> atom_to_list(Given);
            false -> binary_to_list(quote(Given))
        end,
    Near =
        case beamtap_near:name(Text, [atom_to_list(K) || K <- Known]) of
            {ok, Best} -> ["; did you mean ", Best, "?"];
            none -> []
        end,
    fail(Reason, ["there is no ", Kind, " ", quote(Given), Near], ["known: ", names(Known)]).

names(Atoms) -> lists:join(", ", [quote(A) || A <- Atoms]).

remedy(spec) ->
    "name functions or classes: beamtap:start(\"lists:seq/2\", #{}), beamtap:start(#{classes => [procs]}, #{})";
remedy(functions) ->
    "a function is {M,F,A}, fun M:F/A, a module, {app, Name} or a text such as \"lists:seq/2 -> return\"";
remedy(targets) ->
    "targets are all, new, existing, a local pid, a registered name, or a list of those".

quote(Term) -> beamtap_error:quote(Term).

-spec fail(atom(), unicode:chardata(), unicode:chardata()) -> no_return().
fail(Reason, Message, Remedy) ->
    throw(beamtap_error:new(Reason, Message, Remedy)).
