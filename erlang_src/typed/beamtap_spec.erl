%% @doc What is to be traced, checked. Pure: nothing is loaded, set or asked of the VM, and no atom is made.
%%
%% Functions are checked in {@link beamtap_function}, options in {@link beamtap_options}.
-module(beamtap_spec).

-export([check/1, check_change/1, divide/2]).
-export([classes/0, instruments/0, flags/0]).
-export_type([spec/0, opts/0, checked/0, checked_opts/0, class/0, instrument/0, inheritance/0, target/0]).

%% The flags of `erlang:trace/3' that beamtap records, and what no flag makes.
-type class() ::
    call
    | return_to
    | send
    | 'receive'
    | procs
    | running
    | exiting
    | garbage_collection
    | ports
    | running_ports
    | instrument().
%% Classes that no trace flag makes, of the whole VM whatever the targets.
-type instrument() :: seq_trace | system_monitor | schedulers | allocators.
%% The flags that pass a process's flags on to those that it spawns or links to, or to the first of them.
-type inheritance() :: set_on_spawn | set_on_first_spawn | set_on_link | set_on_first_link.
%% `all', `new' and `existing' mean processes, and ports where the classes are about those. A supervisor, by name or
%% pid, stands for itself and everything below it; a process by the function it was started with, for those of
%% `gen_server' and its like their `init'. `app', `supervisor' and `initial_call' mean the processes there are now.
-type target() ::
    all
    | new
    | existing
    | pid()
    | port()
    | RegisteredName :: atom()
    | {app, atom()}
    | {supervisor, pid() | atom()}
    | {initial_call, {module(), atom(), arity() | '_'}}.
%% A map or a property list of these keys; or, for short, functions and classes by themselves or in a list (an atom
%% that is a class is the class). `all' is every flag that needs no function; the classes that are no flags are named.
-type spec() ::
    #{
        functions => beamtap_function:spec() | [beamtap_function:spec()],
        classes => all | flag() | [flag()],
        targets => target() | [target()],
        %% And options, for start/2 and estimate/2.
        atom() => term()
    }
    | [{atom(), term()}]
    | all
    | beamtap_function:spec()
    | class()
    | [beamtap_function:spec() | flag()].
-type flag() :: class() | inheritance() | beamtap_function:action().
-type opts() :: beamtap_options:options().

-type checked() :: #{
    functions := [beamtap_pattern:pattern()],
    classes := [class()],
    inherit := [inheritance()],
    targets := [target()]
}.
-type checked_opts() :: beamtap_options:checked().

-define(TRACED, [
    call, return_to, send, 'receive', procs, running, exiting, garbage_collection, ports, running_ports
]).
-define(INSTRUMENTS, [seq_trace, system_monitor, schedulers, allocators]).
-define(INHERITANCE, [set_on_spawn, set_on_first_spawn, set_on_link, set_on_first_link]).
-define(NEED_FUNCTIONS, [call, return_to]).
-define(ACTIONS, [return, 'return!', exception]).
-define(FLAGS, (classes() ++ ?ACTIONS ++ ?INHERITANCE)).

%% @doc The classes that can be recorded.
-spec classes() -> [class()].
classes() ->
    ?TRACED ++ ?INSTRUMENTS.

%% @doc What can be named among the classes: classes, what is recorded besides calls, and flags of inheritance.
-spec flags() -> [flag()].
flags() -> ?FLAGS.

%% @doc The classes that no trace flag makes.
-spec instruments() -> [instrument()].
instruments() -> ?INSTRUMENTS.

%% @doc Checks what is to be traced.
-spec check(term()) -> {ok, checked()} | beamtap_error:error().
check(Spec) ->
    try
        {ok, complete(fields(Spec))}
    catch
        throw:{error, _} = Error -> Error
    end.

%% @doc Checks what is to be added to or taken from a tap: targets that are left out are none.
-spec check_change(term()) -> {ok, checked()} | beamtap_error:error().
check_change(Spec) ->
    try
        Fields = fields(Spec),
        Checked = #{functions := Functions, classes := Classes, inherit := Inherit, targets := Targets} = parts(Fields, []),
        Functions ++ Classes ++ Inherit ++ Targets =:= [] andalso refuse(#{reason => empty_spec}),
        {ok, Checked}
    catch
        throw:{error, _} = Error -> Error
    end.

keyed(Given) ->
    Keys = #{spec => beamtap_options:keys(spec), option => beamtap_options:keys(option)},
    beamtap_shape:keyed(Given, beamtap_options:keys(spec), fun(Key) -> beamtap_shape:unknown_key(spec, Key, Keys) end).

%%% What is to be traced

%% The spec by its keys, whatever its form.
fields(Spec) when is_map(Spec) ->
    keyed(Spec);
fields([{Key, _} | _] = Spec) when is_atom(Key) ->
    %% A property list, unless it starts as a list of functions may: {module, return}, {app, Name}.
    IsPair = fun
        ({K, _}) -> lists:member(K, beamtap_options:keys(spec));
        (_) -> false
    end,
    case beamtap_shape:is_proper(Spec) andalso lists:any(IsPair, Spec) of
        true -> keyed(Spec);
        false -> mixed(Spec)
    end;
fields(all) ->
    #{classes => all};
fields(Spec) when is_number(Spec) ->
    %% Not [Spec], which is a text.
    refuse(beamtap_function:no_function(Spec));
fields(Spec) ->
    mixed(beamtap_shape:elements(Spec)).

mixed(Elements) ->
    IsFlag = fun(Element) -> lists:member(Element, ?FLAGS) end,
    {Classes, Functions} = lists:partition(IsFlag, beamtap_shape:proper(Elements)),
    case Elements of
        [] -> refuse(#{reason => empty_spec});
        _ -> #{classes => Classes, functions => Functions}
    end.

complete(Fields) ->
    Checked = #{functions := Functions, classes := Classes} = parts(Fields, all),
    Asked = classes(maps:get(classes, Fields, [])),
    case Functions of
        [] ->
            _ = [refuse(#{reason => no_functions, class => C}) || C <- Asked, lists:member(C, ?NEED_FUNCTIONS ++ ?ACTIONS)],
            Classes =:= [] andalso refuse(#{reason => empty_spec}),
            Checked;
        _ ->
            Checked
    end.

parts(Fields, DefaultTargets) ->
    Asked = classes(maps:get(classes, Fields, [])),
    {Actions, Flags} = lists:partition(fun(C) -> lists:member(C, ?ACTIONS) end, Asked),
    {Inherit, Classes} = lists:partition(fun(C) -> lists:member(C, ?INHERITANCE) end, Flags),
    Functions = [
        beamtap_function:add(beamtap_function:pattern(F), Actions)
     || F <- beamtap_shape:proper(beamtap_shape:elements(maps:get(functions, Fields, [])))
    ],
    Targets =
        case {Fields, DefaultTargets} of
            {#{targets := Given}, _} -> targets(Given);
            {#{}, []} -> [];
            {#{}, Default} -> targets(Default)
        end,
    #{
        functions => Functions,
        classes => lists:usort([call || Functions =/= []] ++ Classes),
        inherit => Inherit,
        targets => Targets
    }.

classes(all) ->
    ?TRACED -- ?NEED_FUNCTIONS;
classes(Classes) ->
    lists:usort([class(C) || C <- beamtap_shape:proper(beamtap_shape:elements(Classes))]).

class(Class) ->
    case lists:member(Class, ?FLAGS) of
        true -> Class;
        false -> refuse(unknown_class(Class, beamtap_shape:class(Class, ?FLAGS)))
    end.

targets(Targets) ->
    case lists:usort([target(T) || T <- beamtap_shape:proper(beamtap_shape:elements(Targets))]) of
        [] -> refuse(#{reason => bad_target, target => []});
        Checked -> Checked
    end.

target(Here) when (is_pid(Here) orelse is_port(Here)), node(Here) =:= node() ->
    Here;
target(There) when is_pid(There); is_port(There) ->
    refuse(#{reason => bad_target, target => There, cause => elsewhere});
target(Name) when is_atom(Name), Name =/= undefined ->
    Name;
target({app, Name} = App) when is_atom(Name) ->
    App;
target({supervisor, Pid}) when is_pid(Pid) ->
    {supervisor, target(Pid)};
target({supervisor, Name} = Supervisor) when is_atom(Name), Name =/= undefined ->
    Supervisor;
target({initial_call, {M, F, A}} = Call) when is_atom(M), is_atom(F), (A =:= '_' orelse (is_integer(A) andalso A >= 0)) ->
    Call;
target(Other) ->
    refuse(#{reason => bad_target, target => Other}).

-spec refuse(beamtap_error:reason()) -> no_return().
refuse(Reason) -> beamtap_shape:refuse(Reason).

unknown_class(Class, {ok, Meant}) -> #{reason => unknown_class, class => Class, meant => Meant};
unknown_class(Class, none) -> #{reason => unknown_class, class => Class}.

%%% Two arguments

%% @doc The spec with nothing but keys of a spec, and the options with nothing but options. What is in neither is left
%% where it stands, to be refused there.
-spec divide(term(), term()) -> {ok, Spec :: term(), Opts :: term()} | beamtap_error:error().
divide(Spec, Opts) ->
    {OwnSpec, StrayOpts} = part(Spec, beamtap_options:keys(option)),
    {OwnOpts, StraySpec} = part(Opts, beamtap_options:keys(spec)),
    try
        {ok, with_spec(StraySpec, OwnSpec), with_opts(StrayOpts, OwnOpts)}
    catch
        throw:{error, _} = Error -> Error
    end.

%% What is Elsewhere's, taken out.
part(Given, Elsewhere) when is_map(Given) ->
    {maps:without(Elsewhere, Given), maps:with(Elsewhere, Given)};
part([_ | _] = Given, Elsewhere) ->
    case beamtap_shape:is_proper(Given) andalso lists:partition(fun(Pair) -> is_pair(Pair, Elsewhere) end, Given) of
        false -> {Given, #{}};
        {[], _} -> {Given, #{}};
        {Stray, Own} -> {pairs(Own), maps:from_list(Stray)}
    end;
part(Given, _) ->
    {Given, #{}}.

%% {Module, return} is a function of a spec in the form of a list, whatever the module is called.
is_pair({_, Action}, _) when Action =:= return; Action =:= exception -> false;
is_pair({Key, _}, Keys) -> lists:member(Key, Keys);
is_pair(_, _) -> false.

%% Beside keys there are keys, known or not.
pairs(Own) ->
    case lists:all(fun(Pair) -> is_tuple(Pair) andalso tuple_size(Pair) =:= 2 andalso is_atom(element(1, Pair)) end, Own) of
        true -> maps:from_list(Own);
        false -> Own
    end.

with_spec(Stray, Spec) when map_size(Stray) =:= 0 ->
    Spec;
with_spec(Stray, Spec) ->
    Named = maps:filter(fun(_, Values) -> Values =/= [] end, fields(Spec)),
    merged(Stray, Named).

with_opts(Stray, Opts) when map_size(Stray) =:= 0 ->
    Opts;
with_opts(Stray, Opts) when is_map(Opts) ->
    merged(Stray, Opts);
with_opts(Stray, Opts) when is_list(Opts) ->
    case beamtap_shape:is_proper(Opts) andalso pairs(Opts) of
        #{} = Map -> merged(Stray, Map);
        _ -> Opts
    end;
with_opts(_, Opts) ->
    Opts.

merged(One, Other) ->
    case maps:keys(maps:with(maps:keys(One), Other)) of
        [] ->
            maps:merge(One, Other);
        [Twice | _] ->
            refuse(#{reason => bad_shape, expected => one_argument, key => Twice})
    end.
