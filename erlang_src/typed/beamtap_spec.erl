%% @doc What the user typed, checked. Pure: nothing is loaded, set or asked of the VM, and no atom is made.
%%
%% Every check of user input is here, that of functions in {@link beamtap_function}.
-module(beamtap_spec).

-export([check/1, check_change/1, check_opts/2, fields/1]).
-export([classes/0, keys/1]).
-export_type([spec/0, opts/0, checked/0, checked_opts/0, class/0, inheritance/0, target/0]).

%% The flags of `erlang:trace/3' that beamtap records, and what no flag makes: sequential tracing, messages of the
%% VM's system monitor, samples of schedulers and allocators, of the whole VM whatever the targets. `return' and `exception' apply to every
%% function named.
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
    | beamtap_instruments:class().
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
-type opts() ::
    #{
        for => pos_integer() | infinity,
        events => pos_integer() | infinity,
        rate => pos_integer() | infinity,
        output => file:name_all(),
        payload => beamtap_payload:option(),
        owner => pid(),
        known_bad => refuse | allow,
        %% And {@link beamtap_sampling:options()} and {@link beamtap_mode:options()}.
        atom() => term()
    }
    | [{atom(), term()}].

-type checked() :: #{
    functions := [beamtap_pattern:pattern()],
    classes := [class()],
    inherit := [inheritance()],
    targets := [target()]
}.
-type checked_opts() :: #{
    for := pos_integer() | infinity,
    events := pos_integer() | infinity,
    rate := pos_integer() | infinity,
    output := binary() | default,
    payload := beamtap_payload:checked(),
    owner := pid(),
    known_bad := refuse | allow,
    %% And {@link beamtap_sampling:checked()} and {@link beamtap_mode:checked()}.
    atom() => term()
}.

%% A tap ends by itself after this many milliseconds...
-define(DEFAULT_FOR_MS, 10000).
%% ...or this many events, whichever comes first.
-define(DEFAULT_EVENTS, 1000000).
%% Ten years; longer times do not fit LTTng's and the VM's timers.
-define(MAX_FOR_MS, 315360000000).
-define(MAX_EVENTS, 16#FFFFFFFFFFFF).

-define(TRACED, [
    call, return_to, send, 'receive', procs, running, exiting, garbage_collection, ports, running_ports
]).
-define(INHERITANCE, [set_on_spawn, set_on_first_spawn, set_on_link, set_on_first_link]).
-define(NEED_FUNCTIONS, [call, return_to]).
-define(ACTIONS, [return, 'return!', exception]).
-define(FLAGS, (classes() ++ ?ACTIONS ++ ?INHERITANCE)).
-define(SPEC_KEYS, [functions, classes, targets]).
%% The most used first.
-define(OPT_KEYS, [for, events, rate, payload, output, owner, known_bad | beamtap_sampling:keys() ++ beamtap_mode:keys()]).

%% @doc The classes that can be recorded.
-spec classes() -> [class()].
classes() ->
    ?TRACED ++ beamtap_instruments:classes().

%% @doc The keys that are known, the most used first.
-spec keys(spec | option) -> [atom()].
keys(spec) -> ?SPEC_KEYS;
keys(option) -> ?OPT_KEYS.

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
        Functions ++ Classes ++ Inherit ++ Targets =:= [] andalso fail(empty_spec, "nothing was named", remedy(spec)),
        {ok, Checked}
    catch
        throw:{error, _} = Error -> Error
    end.

%% @doc Checks the options; Owner is the owner unless another is named.
-spec check_opts(term(), pid()) -> {ok, checked_opts()} | beamtap_error:error().
check_opts(Opts, Owner) ->
    Defaults = (maps:merge(beamtap_sampling:defaults(), beamtap_mode:defaults()))#{
        for => ?DEFAULT_FOR_MS,
        events => ?DEFAULT_EVENTS,
        rate => infinity,
        output => default,
        payload => beamtap_payload:none(),
        owner => Owner,
        known_bad => refuse
    },
    try
        Given = keyed(Opts, option),
        {ok, fitting(beamtap_mode:complete(maps:merge(Defaults, maps:map(fun opt/2, Given))))}
    catch
        throw:{error, _} = Error -> Error
    end.

%% recon's second argument is how many, a process alone is whom.
keyed(Number, option) when is_integer(Number) ->
    fail(bad_shape, [quote(Number), " is neither a map nor a list of pairs"],
        ["a number of events is ", beamtap_wording:either("#{events => ", "events: "), quote(Number), beamtap_wording:either("}", "")]);
keyed(Pid, option) when is_pid(Pid) ->
    throw(beamtap_key:misplaced(Pid, targets));
keyed(Given, Place) ->
    Keys = #{spec => keys(spec), option => keys(option)},
    beamtap_shape:keyed(Given, keys(Place), fun(Key) -> beamtap_key:unknown(Place, Key, Keys) end).

%%% What is to be traced

%% @doc The spec by its keys, whatever its form; throws an error.
-spec fields(term()) -> map().
fields(Spec) when is_map(Spec) ->
    keyed(Spec, spec);
fields([{Key, _} | _] = Spec) when is_atom(Key) ->
    %% A property list, unless it starts as a list of functions may: {module, return}, {app, Name}.
    IsPair = fun
        ({K, _}) -> lists:member(K, ?SPEC_KEYS);
        (_) -> false
    end,
    case beamtap_shape:is_proper(Spec) andalso lists:any(IsPair, Spec) of
        true -> keyed(Spec, spec);
        false -> mixed(Spec)
    end;
fields(all) ->
    #{classes => all};
fields(Spec) when is_number(Spec) ->
    %% Not [Spec], which is a text.
    beamtap_function:refuse(Spec);
fields(Spec) ->
    mixed(beamtap_shape:elements(Spec)).

mixed(Elements) ->
    IsFlag = fun(Element) -> lists:member(Element, ?FLAGS) end,
    {Classes, Functions} = lists:partition(IsFlag, beamtap_shape:proper(Elements)),
    case Elements of
        [] -> fail(empty_spec, "nothing to trace was named", remedy(spec));
        _ -> #{classes => Classes, functions => Functions}
    end.

complete(Fields) ->
    Checked = #{functions := Functions, classes := Classes} = parts(Fields, all),
    Asked = classes(maps:get(classes, Fields, [])),
    case Functions of
        [] ->
            _ = [
                fail(no_functions, [quote(C), " records nothing without functions"], remedy(functions))
             || C <- Asked, lists:member(C, ?NEED_FUNCTIONS ++ ?ACTIONS)
            ],
            Classes =:= [] andalso fail(empty_spec, "nothing to trace was named", remedy(spec)),
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
        false -> throw(beamtap_shape:unknown(unknown_class, "class", Class, beamtap_key:class(Class, ?FLAGS), remedy(classes)))
    end.

targets(Targets) ->
    case lists:usort([target(T) || T <- beamtap_shape:proper(beamtap_shape:elements(Targets))]) of
        [] -> fail(bad_target, "the list of targets is empty", remedy(targets));
        Checked -> Checked
    end.

target(Here) when (is_pid(Here) orelse is_port(Here)), node(Here) =:= node() ->
    Here;
target(There) when is_pid(There); is_port(There) ->
    fail(bad_target, [quote(There), " lives on another node"], ["start beamtap on ", quote(node(There))]);
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
    fail(bad_target, [quote(Other), " is neither a local pid nor a name"], remedy(targets)).

%%% Options

opt(Bound, infinity) when Bound =:= for; Bound =:= events; Bound =:= rate -> infinity;
opt(for, Ms) when is_integer(Ms), Ms >= 1, Ms =< ?MAX_FOR_MS -> Ms;
opt(for, Other) ->
    bad_option(for, Other, "a time in milliseconds from 1 on, or infinity");
opt(events, N) when is_integer(N), N >= 1, N =< ?MAX_EVENTS -> N;
opt(events, Other) ->
    bad_option(events, Other, "a number of events from 1 on, or infinity");
opt(rate, N) when is_integer(N), N >= 1, N =< ?MAX_EVENTS -> N;
opt(rate, Other) ->
    bad_option(rate, Other, "a number of events per second from 1 on, or infinity");
opt(payload, Payload) ->
    case beamtap_payload:check(Payload) of
        {ok, Checked} -> Checked;
        {error, Want} -> bad_option(payload, Payload, Want)
    end;
opt(owner, Pid) when is_pid(Pid), node(Pid) =:= node() -> Pid;
opt(owner, Other) ->
    bad_option(owner, Other, "a process of this node");
opt(known_bad, What) when What =:= refuse; What =:= allow -> What;
opt(known_bad, Other) ->
    bad_option(known_bad, Other, "refuse or allow");
opt(output, Name) ->
    case beamtap_shape:file_name(Name) of
        {ok, Path} -> Path;
        error -> bad_option(output, Name, "the name of a directory")
    end;
opt(Key, Value) when Key =:= system_monitor; Key =:= sample_every ->
    beamtap_sampling:option(Key, Value);
opt(Key, Value) ->
    beamtap_mode:option(Key, Value).

%% LTTng drops an event that is larger than a sub-buffer without counting it.
fitting(#{payload := Payload, subbuf_size := Size} = Opts) ->
    case beamtap_payload:longest(Payload) * 2 =< Size of
        true ->
            Opts;
        false ->
            fail(
                bad_option,
                ["payloads of ", integer_to_list(beamtap_payload:longest(Payload)), " bytes do not fit into buffers of ",
                    integer_to_list(Size)],
                "make subbuf_size at least twice as large as the longest payload"
            )
    end.

-spec bad_option(atom(), term(), unicode:chardata()) -> no_return().
bad_option(Key, Value, Want) ->
    fail(bad_option, [beamtap_wording:setting(Key, Value), " cannot be"], [atom_to_list(Key), " is ", Want]).

%%% Within

remedy(spec) ->
    beamtap_wording:either(
        "name functions or classes: beamtap:start(\"lists:seq/2\"), beamtap:start([procs, send])",
        "name functions or classes: Beamtap.start(\"Enum.map/2\"), Beamtap.start([:procs, :send])"
    );
remedy(classes) ->
    ["known: ", beamtap_shape:names(?FLAGS), ": ",
        beamtap_wording:either("h(beamtap, start, 2)", "h Beamtap")];
remedy(functions) ->
    beamtap_function:remedy();
remedy(targets) ->
    beamtap_wording:either(
        "targets: all, new, existing, pid, port, name, {app, A}, {supervisor, S}, {initial_call, {M,F,A}}",
        "targets: :all, :new, :existing, pid, port, name, {:app, a}, {:supervisor, s}, {:initial_call, {m, f, a}}"
    ).

quote(Term) -> beamtap_error:quote(Term).

-spec fail(atom(), unicode:chardata(), unicode:chardata()) -> no_return().
fail(Reason, Message, Remedy) ->
    beamtap_shape:fail(Reason, Message, Remedy).
