%% @doc Tracing switched on and off item by item, as a person in front of a list does: what the observer_cli plugin and
%% the LiveDashboard page call.
%%
%% ```
%% {ok, on} = beamtap_toggle:toggle({process, my_server}).
%% {ok, on} = beamtap_toggle:toggle({function, "my_server:handle_call/3 -> return"}).
%% {ok, off} = beamtap_toggle:toggle({process, my_server}).
%% {ok, _Receipt} = beamtap_toggle:off().
%% '''
%% Everything that is on is recorded by one tap. Each change ends it and starts another with a directory of its own;
%% {@link taps/0} has them all. Where no process is on, functions and classes are recorded of all of them; where
%% nothing but processes is on, their messages, births and deaths, and garbage collections. A tap that has reached its
%% bounds (60 s and 1,000,000 events unless told otherwise) has switched everything off.
-module(beamtap_toggle).
-behaviour(gen_server).

-export([start_link/0]).
-export([toggle/1, toggle/2, off/0, items/0, taps/0, processes/0, processes/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).
-export_type([item/0, process/0, listing/0]).

-type item() :: {process, pid() | atom()} | {function, beamtap_function:spec()} | {class, beamtap_spec:class()}.
%% One line of a list of processes. `memory' is in bytes. `is_on': whether the process is traced by what is on now.
-type process() :: #{
    pid := pid(),
    name := atom(),
    function := mfa(),
    reductions := non_neg_integer(),
    memory := non_neg_integer(),
    message_queue_len := non_neg_integer(),
    is_on := boolean()
}.
-type listing() :: #{sort => reductions | memory | message_queue_len, limit => pos_integer()}.
-type state() :: #{tap := none | beamtap:tap(), on := [{term(), item()}]}.

%% A person looks away for longer than a command's 10 s.
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
%% {@link beamtap:start/2}, but for the owner. After an error everything is as it was before.
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
    beamtap_info:taps().

%% @equiv processes(#{})
-spec processes() -> [process()].
processes() ->
    processes(#{}).

%% @doc The processes with most `reductions' (the default), `memory' or messages waiting, 50 unless `limit' says
%% otherwise.
-spec processes(listing()) -> [process()].
processes(Listing) ->
    Sort = maps:get(sort, Listing, reductions),
    Ranked = lists:reverse(lists:sort([{N, Pid} || Pid <- erlang:processes(), {_, N} <- [process_info(Pid, Sort)]])),
    IsOn = is_on(items()),
    [
        Process
     || {_, Pid} <- lists:sublist(Ranked, maps:get(limit, Listing, ?DEFAULT_LIMIT)), {ok, Process} <- [process(Pid, IsOn)]
    ].

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
                function => proc_lib:translate_initial_call(Pid),
                reductions => Reductions,
                memory => Memory,
                message_queue_len => Length,
                is_on => IsOn(Pid)
            }};
        undefined ->
            gone
    end.

is_on(Items) ->
    case [Pid || {process, Process} <- Items, Pid <- [pid(Process)]] of
        [] -> fun(_) -> Items =/= [] end;
        Pids -> fun(Pid) -> lists:member(Pid, Pids) end
    end.

pid(Pid) when is_pid(Pid) -> Pid;
pid(Name) -> whereis(Name).

call(Request) ->
    case application:ensure_all_started(beamtap) of
        {ok, _} ->
            gen_server:call(?MODULE, Request, infinity);
        {error, Reason} ->
            beamtap_error:new(
                not_started,
                ["the application beamtap does not start: ", beamtap_error:quote(Reason)],
                "put beamtap's ebin directory on the code path (erl -pa)"
            )
    end.

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
    case beamtap:info(Tap) of
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
    {ok, {process, whereis(Name)}};
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
    beamtap_error:new(
        bad_item,
        [beamtap_error:quote(Other), " cannot be toggled"],
        "an item is {process, Pid}, {function, \"lists:seq/2\"} or {class, send}"
    ).

change(Now, [], _, State) ->
    case stop(State) of
        {{ok, _}, Next} -> {{ok, Now}, Next};
        Failed -> Failed
    end;
change(Now, On, Opts, State) ->
    %% A wrong item is seen before the tap that runs is ended.
    case beamtap_spec:check(spec(On)) of
        {ok, _} -> restart(Now, On, Opts, State);
        {error, _} = Error -> {Error, State}
    end.

restart(Now, On, Opts, #{on := Before} = State) ->
    case stop(State) of
        {{ok, _}, Stopped} ->
            case start(On, Opts) of
                {ok, Tap} -> {{ok, Now}, #{tap => Tap, on => On}};
                {error, _} = Error -> {Error, again(Before, Stopped)}
            end;
        Failed ->
            Failed
    end.

again([], Stopped) ->
    Stopped;
again(Before, Stopped) ->
    case start(Before, #{}) of
        {ok, Tap} -> #{tap => Tap, on => Before};
        {error, _} -> Stopped
    end.

start(On, Opts) when is_list(Opts) ->
    start(On, maps:from_list(Opts));
start(On, Opts) ->
    beamtap:start(spec(On), maps:merge(#{for => ?DEFAULT_FOR_MS}, Opts#{owner => self()})).

stop(#{tap := none} = State) ->
    {{ok, none}, State#{on := []}};
stop(#{tap := Tap} = State) ->
    case beamtap:stop(Tap) of
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
            case [Process || {process, Process} <- Items] of
                [] -> all;
                Processes -> Processes
            end
    }.
