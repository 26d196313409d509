%% @private
%% Cleans up after tap processes that were killed or crashed before they closed.
%%
%% The ledger says what they had set in the VM. The NIF ends the LTTng sessions of a dead session. When the top supervisor is
%% killed, the janitor ends after the tap processes.
-module(beamtap_janitor).
-behaviour(gen_server).

-export([start_link/0, watch/2, settle/0, sweep/0, untrace/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

%% The same time as the supervisor gives a tap process to end.
-define(END_MS, 15000).

-spec start_link() -> gen_server:start_ret().
start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, none, []).

%% @doc Cleans up the tap when Session ends and has not closed it.
-spec watch(pid(), beamtap:tap()) -> ok.
watch(Session, Tap) ->
    gen_server:call(?MODULE, {watch, Session, Tap}, infinity).

%% @doc Returns when everything that dead tap processes left is cleaned up.
-spec settle() -> ok.
settle() ->
    try
        gen_server:call(?MODULE, settle, infinity)
    catch
        %% There is no janitor, or the application stops, which cleans up too.
        exit:_ -> ok
    end.

%% @doc Removes the flags and patterns of all taps in the ledger from the VM. The tap processes do the rest. Runs in the caller.
-spec untrace() -> ok.
untrace() ->
    lists:foreach(
        fun({Tap, _}) ->
            %% Read again: cleaning up others takes time.
            _ = [beamtap_tracing:clean(Tap, Entry) || {ok, Entry} <- [beamtap_ledger:entry(Tap)]]
        end,
        beamtap_ledger:open_entries()
    ).

%% @doc Removes from the VM what dead tap processes left. Runs in the caller.
-spec sweep() -> [beamtap:tap()].
sweep() ->
    %% What watches loads may have been killed with everything that would start it again.
    ok = beamtap_vm:loads_sweep(),
    [clean(Tap) || {Tap, #{session := Session}} <- beamtap_ledger:open_entries(), not is_process_alive(Session)].

-spec init(none) -> {ok, map()}.
init(none) ->
    process_flag(trap_exit, true),
    %% When the application fails, its master kills every process whose group leader it is.
    true = group_leader(whereis(init), self()),
    %% An earlier janitor may have died before it was done. Tap processes of an earlier supervisor may still be ending.
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

%% The name is free for the next janitor, which does not wait.
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
    %% Each tap once: its slot may belong to another tap afterwards.
    Cleaned = beamtap_ledger:locked(fun() ->
        case beamtap_ledger:entry(Tap) of
            {ok, Entry} -> [clean(Tap, Entry)];
            none -> []
        end
    end),
    lists:foreach(fun beamtap_announcement:ended/1, Cleaned),
    Tap.

%% The same order as a stop: flags, patterns, the slot.
clean(Tap, #{path := Path} = Entry) ->
    ok = beamtap_tracing:clean(Tap, Entry),
    clean_slot(Entry),
    _ = erlang:module_loaded(beamtap_nif) andalso beamtap_traces:end_trace(Path),
    Receipt = beamtap_receipt:make(killed, #{plan => #{tap => Tap, path => Path}}),
    ok = beamtap_ledger:file_receipt(Tap, Receipt),
    ok = beamtap_ledger:strike(Tap),
    Receipt.

%% The tap process may have been killed before it noted the slot.
clean_slot(#{session := Session}) ->
    Slots =
        case erlang:module_loaded(beamtap_nif) of
            true -> beamtap_nif:taps_of(Session);
            false -> []
        end,
    lists:foreach(fun beamtap_nif:tap_close/1, Slots).
