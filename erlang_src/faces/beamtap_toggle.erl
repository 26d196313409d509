%% @doc Switches tracing on and off item by item. The observer_cli plugin and the LiveDashboard page call it.
%%
%% ```
%% {ok, on} = beamtap_toggle:toggle({process, my_server}).
%% {ok, on} = beamtap_toggle:toggle({function, "my_server:handle_call/3 -> return"}).
%% {ok, off} = beamtap_toggle:toggle({process, my_server}).
%% {ok, _Receipt} = beamtap_toggle:off().
%% '''
%% One tap records everything that is on, from the first item switched on to the last switched off; {@link taps/0} also
%% lists earlier ones. Without a process among the items, functions and classes are recorded in all processes. With
%% processes alone, their messages, births and deaths, and garbage collections are recorded. When the tap reaches a limit
%% (60 s and 1,000,000 events unless told otherwise), everything is off.
-module(beamtap_toggle).
-behaviour(gen_server).

-export([start_link/0]).
-export([toggle/1, toggle/2, off/0, items/0, traced/0, taps/0, processes/0, processes/1, listed/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).
-export_type([item/0, process/0, listing/0]).

-type item() :: {process, pid() | atom()} | {function, beamtap_function:spec()} | {class, beamtap_spec:class()}.
%% One line of a list of processes. `memory' is in bytes. `is_on': whether the process is traced now.
-type process() :: #{
    pid := pid(),
    name := atom(),
    function := mfa(),
    reductions := non_neg_integer(),
    memory := non_neg_integer(),
    message_queue_len := non_neg_integer(),
    is_on := boolean()
}.
%% `search': a part of the pid, of the registered name, or of the first function, in upper or lower case.
-type listing() :: #{
    sort => reductions | memory | message_queue_len,
    direction => desc | asc,
    search => unicode:chardata(),
    limit => pos_integer()
}.
-type state() :: #{tap := none | beamtap:tap(), on := [{term(), item()}]}.

%% Longer than a command's 10 s, since a person looks away.
-define(DEFAULT_FOR_MS, 60000).
-define(DEFAULT_LIMIT, 50).
-define(CLASSES_OF_PROCESSES, [send, 'receive', procs, garbage_collection]).

-spec start_link() -> gen_server:start_ret().
start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, none, []).

%% @equiv toggle(Item, #{})
-spec toggle(item()) -> {ok, on | off} | beamtap_error:error().
toggle(Item) ->
    toggle(Item, #{}).

%% @doc Switches a process, a function or a class on, or off if it is on; answers what it is now. Opts are those of
%% {@link beamtap:start/2} except `owner', and apply to the tap that starts with the first item. After an error everything
%% is as before.
-spec toggle(item(), beamtap_spec:opts()) -> {ok, on | off} | beamtap_error:error().
toggle(Item, Opts) ->
    call({toggle, Item, Opts}).

%% @doc Switches everything off. Answers with the receipt of the tap that ran; `none' when nothing was on.
-spec off() -> {ok, beamtap:receipt() | none} | beamtap_error:error().
off() ->
    call(off).

%% @doc What is on.
-spec items() -> [item()].
items() ->
    case whereis(?MODULE) of
        undefined -> [];
        _ -> call(items)
    end.

%% @doc All taps, toggled or not, that run or ended lately, the oldest first.
-spec taps() -> [beamtap:info()].
taps() ->
    beamtap_taps:list().

%% @equiv processes(#{})
-spec processes() -> [process()].
processes() ->
    processes(#{}).

%% @doc The processes with most `reductions' (the default), `memory' or messages waiting, or with least of them, 50 unless
%% `limit' says otherwise; of all processes, or of those that are searched for.
-spec processes(listing()) -> [process()].
processes(Listing) ->
    {Processes, _} = listed(Listing),
    Processes.

%% @doc The same, and how many processes there are of which these are some.
-spec listed(listing()) -> {[process()], Total :: non_neg_integer()}.
listed(Listing) ->
    Sort = maps:get(sort, Listing, reductions),
    IsSought = sought(maps:get(search, Listing, "")),
    Sought = [{N, Pid} || Pid <- erlang:processes(), IsSought(Pid), {_, N} <- [process_info(Pid, Sort)]],
    Ranked =
        case maps:get(direction, Listing, desc) of
            desc -> lists:reverse(lists:sort(Sought));
            asc -> lists:sort(Sought)
        end,
    IsOn = traced(),
    {
        [
            Process
         || {_, Pid} <- lists:sublist(Ranked, maps:get(limit, Listing, ?DEFAULT_LIMIT)), {ok, Process} <- [process(Pid, IsOn)]
        ],
        length(Sought)
    }.

%% Whether a process is searched for.
sought(Text) ->
    case string:lowercase(unicode:characters_to_list(Text)) of
        "" -> fun(_) -> true end;
        Part -> fun(Pid) -> string:find(string:lowercase(names(Pid)), Part) =/= nomatch end
    end.

%% What a process is known by, in the forms of both languages.
names(Pid) ->
    case process_info(Pid, registered_name) of
        undefined ->
            "";
        Registered ->
            {M, F, A} = initial_call(Pid),
            Name = [atom_to_list(Known) || {registered_name, Known} <- [Registered]],
            [Module, Function] = [atom_to_list(Atom) || Atom <- [M, F]],
            Arity = [$/ | integer_to_list(A)],
            lists:append(lists:join(" ", ["#PID" ++ pid_to_list(Pid), Module ++ ":" ++ Function ++ Arity, Module ++ "." ++ Function ++ Arity | Name]))
    end.

%% A process that proc_lib did not start knows no more than where it began.
initial_call(Pid) ->
    case proc_lib:translate_initial_call(Pid) of
        {proc_lib, init_p, 5} ->
            case process_info(Pid, initial_call) of
                {initial_call, Call} -> Call;
                undefined -> {proc_lib, init_p, 5}
            end;
        Call ->
            Call
    end.

process(Pid, IsOn) ->
    case process_info(Pid, [registered_name, reductions, memory, message_queue_len]) of
        [{_, Name}, {_, Reductions}, {_, Memory}, {_, Length}] ->
            {ok, #{
                pid => Pid,
                name =>
                    case Name of
                        [] -> undefined;
                        _ -> Name
                    end,
                function => initial_call(Pid),
                reductions => Reductions,
                memory => Memory,
                message_queue_len => Length,
                is_on => IsOn(Pid)
            }};
        undefined ->
            gone
    end.

%% @doc Tells of a process whether what is on now traces it.
-spec traced() -> fun((pid()) -> boolean()).
traced() ->
    is_on(items()).

is_on(Items) ->
    case [Pid || {process, Process} <- Items, Pid <- [pid(Process)]] of
        [] -> fun(_) -> Items =/= [] end;
        Pids -> fun(Pid) -> lists:member(Pid, Pids) end
    end.

pid(Pid) when is_pid(Pid) -> Pid;
pid(Name) -> whereis(Name).

call(Request) ->
    Answer =
        case application:ensure_all_started(beamtap) of
            {ok, _} ->
                ok = beamtap_sup:faces(),
                gen_server:call(?MODULE, Request, infinity);
            {error, Reason} ->
                {error, #{reason => not_started, what => application, cause => Reason}}
        end,
    beamtap_wording:word(Answer, erlang).

%%% The process: it owns the tap

-spec init(none) -> {ok, state()}.
init(none) ->
    {ok, #{tap => none, on => []}}.

-spec handle_call(term(), gen_server:from(), state()) -> {reply, term(), state()}.
handle_call(Request, _From, State) ->
    {Answer, Next} = answer(Request, settled(State)),
    {reply, Answer, Next}.

-spec handle_cast(term(), state()) -> {noreply, state()}.
handle_cast(_, State) ->
    {noreply, State}.

-spec handle_info(term(), state()) -> {noreply, state()}.
handle_info(_, State) ->
    {noreply, State}.

-spec terminate(term(), state()) -> ok.
terminate(_, _) ->
    ok.

%% A tap that ended by itself has switched everything off.
settled(#{tap := none} = State) ->
    State;
settled(#{tap := Tap} = State) ->
    case beamtap_taps:info(Tap) of
        {ok, #{state := ended}} -> State#{tap := none, on := []};
        {ok, _} -> State;
        {error, _} -> State#{tap := none, on := []}
    end.

answer(items, #{on := On} = State) ->
    {[Item || {_, Item} <- On], State};
answer(off, State) ->
    stop(State);
answer({toggle, Item, Opts}, #{on := On} = State) ->
    case key(Item) of
        {ok, Key} ->
            case lists:keytake(Key, 1, On) of
                {value, _, Rest} -> change(off, Rest, Opts, State);
                false -> change(on, On ++ [{Key, Item}], Opts, State)
            end;
        {error, _} = Error ->
            {Error, State}
    end.

%% Two ways to write the same function are one item.
key({process, Name}) when is_atom(Name) ->
    case whereis(Name) of
        %% Refused as it is written.
        undefined -> {ok, {process, Name}};
        Process -> {ok, {process, Process}}
    end;
key({process, _} = Process) ->
    {ok, Process};
key({function, Function}) ->
    case beamtap_spec:check(#{functions => [Function]}) of
        {ok, #{functions := [Pattern]}} -> {ok, {function, beamtap_pattern:print(Pattern)}};
        {error, _} = Error -> Error
    end;
key({class, _} = Class) ->
    {ok, Class};
key(Other) ->
    {error, #{reason => bad_item, item => Other}}.

change(Now, [], _, State) ->
    case stop(State) of
        {{ok, _}, Next} -> {{ok, Now}, Next};
        Failed -> Failed
    end;
change(Now, On, Opts, #{tap := none} = State) ->
    case start(On, Opts) of
        {ok, Tap} -> {{ok, Now}, State#{tap := Tap, on := On}};
        {error, _} = Error -> {Error, State}
    end;
change(Now, On, _, #{tap := Tap, on := Before} = State) ->
    case turn(Tap, spec(Before), spec(On)) of
        ok -> {{ok, Now}, State#{on := On}};
        {error, _} = Error -> {Error, State}
    end.

%% Drops first: a process that is dropped since not all processes are meant any more is then added by itself.
turn(Tap, Old, New) ->
    %% Errors are found before anything changes.
    case beamtap_spec:check(New) of
        {ok, #{functions := Functions}} ->
            case beamtap_code:asked(Functions) of
                {ok, _} -> turn_checked(Tap, Old, New);
                {error, _} = Error -> Error
            end;
        {error, _} = Error ->
            Error
    end.

turn_checked(Tap, Old, New) ->
    case asked(drop, Tap, alive(minus(Old, New))) of
        ok ->
            case asked(add, Tap, more(Old, New)) of
                ok ->
                    ok;
                {error, _} = Error ->
                    _ = asked(drop, Tap, alive(minus(New, Old))),
                    _ = asked(add, Tap, more(New, Old)),
                    Error
            end;
        {error, _} = Error ->
            Error
    end.

asked(_, _, Nothing) when map_size(Nothing) =:= 0 -> ok;
asked(How, Tap, Spec) ->
    case beamtap_taps:change(How, Tap, Spec) of
        {ok, _} -> ok;
        {error, _} = Error -> Error
    end.

%% A function that was dropped was taken out of wider patterns, too.
more(Old, New) ->
    More = minus(New, Old),
    case {minus(Old, New), New} of
        {#{functions := _}, #{functions := [_ | _] = Functions}} -> More#{functions => Functions};
        _ -> More
    end.

minus(From, Less) ->
    maps:filter(fun(_, Left) -> Left =/= [] end, maps:map(fun(Key, Values) -> Values -- map_get(Key, Less) end, From)).

alive(#{targets := Targets} = Spec) ->
    case [Target || Target <- Targets, not is_pid(Target) orelse is_process_alive(Target)] of
        [] -> maps:remove(targets, Spec);
        Alive -> Spec#{targets := Alive}
    end;
alive(Spec) ->
    Spec.

start(On, Opts) when is_list(Opts) ->
    start(On, maps:from_list(Opts));
start(On, Opts) ->
    beamtap_taps:start(spec(On), maps:merge(#{for => ?DEFAULT_FOR_MS}, Opts#{owner => self()})).

stop(#{tap := none} = State) ->
    {{ok, none}, State#{on := []}};
stop(#{tap := Tap} = State) ->
    case beamtap_taps:stop(Tap) of
        {ok, Receipt} -> {{ok, Receipt}, State#{tap := none, on := []}};
        {error, _} = Error -> {Error, State}
    end.

spec(On) ->
    Items = [Item || {_, Item} <- On],
    Functions = [Function || {function, Function} <- Items],
    #{
        functions => Functions,
        classes =>
            case [Class || {class, Class} <- Items] of
                [] when Functions =:= [] -> ?CLASSES_OF_PROCESSES;
                Classes -> Classes
            end,
        targets =>
            case [Pid || {{process, Pid}, _} <- On] of
                [] -> [all];
                Pids -> Pids
            end
    }.
