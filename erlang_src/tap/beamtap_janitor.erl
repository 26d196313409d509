%% @private
%% Cleans up after a session that could not: killed, or crashed before it closed.
%%
%% What was set is in the ledger. The LTTng session of a dead session process is ended by the NIF. Where the top
%% supervisor was killed the sessions end with it, by themselves or not, and the janitor after them.
-module(beamtap_janitor).
-behaviour(gen_server).

-export([start_link/0, watch/2, settle/0, sweep/0, untrace/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

%% As long as a supervisor gives a session.
-define(END_MS, 15000).

-spec start_link() -> gen_server:start_ret().
start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, none, []).

%% @doc From now on the tap is cleaned up when Session ends and has not done it.
-spec watch(pid(), beamtap:tap()) -> ok.
watch(Session, Tap) ->
    gen_server:call(?MODULE, {watch, Session, Tap}, infinity).

%% @doc Returns when sessions that are dead by now are cleaned up after.
-spec settle() -> ok.
settle() ->
    try
        gen_server:call(?MODULE, settle, infinity)
    catch
        %% There is none, or the application stops: what it leaves is cleaned up then.
        exit:_ -> ok
    end.

%% @doc Takes flags and patterns of everything in the ledger out of the VM, and leaves the rest to the sessions. Runs
%% in the caller.
-spec untrace() -> ok.
untrace() ->
    lists:foreach(
        fun({Tap, _}) ->
            %% As it is now: those before it take their time.
            _ = [beamtap_tracing:clean(Tap, Entry) || {ok, Entry} <- [beamtap_ledger:entry(Tap)]]
        end,
        beamtap_ledger:open_entries()
    ).

%% @doc Takes out of the VM what sessions have left that are dead by now. Runs in the caller.
-spec sweep() -> [beamtap:tap()].
sweep() ->
    [clean(Tap) || {Tap, #{session := Session}} <- beamtap_ledger:open_entries(), not is_process_alive(Session)].

-spec init(none) -> {ok, map()}.
init(none) ->
    process_flag(trap_exit, true),
    %% Of an application that fails, its master kills every process that has it as its group leader.
    true = group_leader(whereis(init), self()),
    %% An earlier janitor may have died before it was done, and sessions of an earlier supervisor may still end.
    _ = sweep(),
    {ok, maps:from_list([{monitor(process, Session), Tap} || {Tap, #{session := Session}} <- beamtap_ledger:open_entries()])}.

-spec handle_call({watch, pid(), beamtap:tap()} | settle, gen_server:from(), map()) -> {reply, ok, map()}.
handle_call({watch, Session, Tap}, _From, Watched) ->
    {reply, ok, Watched#{monitor(process, Session) => Tap}};
handle_call(settle, _From, Watched) ->
    _ = sweep(),
    {reply, ok, Watched}.

-spec handle_cast(term(), map()) -> {noreply, map()}.
handle_cast(_, Watched) ->
    {noreply, Watched}.

-spec handle_info(term(), map()) -> {noreply, map()}.
handle_info({'DOWN', Monitor, process, _, _}, Watched) when is_map_key(Monitor, Watched) ->
    _ = clean(map_get(Monitor, Watched)),
    {noreply, maps:remove(Monitor, Watched)};
handle_info(_, Watched) ->
    {noreply, Watched}.

-spec terminate(term(), map()) -> [beamtap:tap()].
terminate(_Reason, Watched) ->
    _ = whereis(beamtap_sup) =:= undefined andalso await_end(Watched),
    sweep().

%% Not by its name: the next janitor does not wait.
await_end(Watched) ->
    true = unregister(?MODULE),
    Deadline = beamtap_deadline:within(?END_MS),
    maps:foreach(fun(Monitor, Tap) -> await_end(Monitor, Tap, Deadline) end, Watched).

await_end(Monitor, Tap, Deadline) ->
    receive
        {'DOWN', Monitor, process, _, _} -> true
    after beamtap_deadline:remaining(Deadline) ->
        [exit(Session, kill) || {ok, #{session := Session}} <- [beamtap_ledger:entry(Tap)]]
    end.

clean(Tap) ->
    %% One at a time, and each tap once: its slot may be another tap's afterwards.
    Cleaned = beamtap_ledger:locked(fun() ->
        case beamtap_ledger:entry(Tap) of
            {ok, Entry} -> [clean(Tap, Entry)];
            none -> []
        end
    end),
    lists:foreach(fun beamtap_telemetry:ended/1, Cleaned),
    Tap.

%% The same order as a stop: flags, patterns, the slot.
clean(Tap, #{path := Path} = Entry) ->
    ok = beamtap_tracing:clean(Tap, Entry),
    clean_slot(Entry),
    _ = erlang:module_loaded(beamtap_nif) andalso beamtap_traces:end_trace(Path),
    Receipt = beamtap_receipt:make(killed, #{tap => Tap, path => Path}),
    ok = beamtap_ledger:file_receipt(Tap, Receipt),
    ok = beamtap_ledger:strike(Tap),
    Receipt.

%% The session may have been killed before it could note the slot.
clean_slot(#{session := Session}) ->
    Slots =
        case erlang:module_loaded(beamtap_nif) of
            true -> beamtap_nif:taps_of(Session);
            false -> []
        end,
    lists:foreach(fun beamtap_nif:tap_close/1, Slots).
