%% @private
%% What taps have set in the VM, noted before it is set, and the receipts of ended taps.
%%
%% The table belongs to the top supervisor. When that is killed, it passes to the VM's application controller. So the next
%% start and clear/0 know what was set, whichever process ends.
-module(beamtap_ledger).

-export([create/0, retire/0, write/2, note/2, entry/1, strike/1, locked/1, open_entries/0, sessions/0, lookers/0, file_receipt/2, forget/1, receipts/0, receipt/1]).
-export([vm_ns/0, keep_vm_ns/1]).
-export_type([entry/0]).

%% Everything that has to be taken back when a tap process is dead.
-type entry() :: #{
    session := pid(),
    path := binary(),
    slot => non_neg_integer(),
    %% The process that notices calls that pile up.
    stacks => pid(),
    state => closing,
    vm => beamtap_vm:grip(),
    asked => [beamtap_match:asked()],
    classes => [beamtap_spec:class()],
    instruments => [beamtap_instruments:class()],
    %% Who switched microstate accounting on.
    accounting => ours | theirs,
    inherit => [beamtap_spec:inheritance()]
}.

-define(RECEIPTS_KEPT, 32).

%% @doc Makes the table, or takes over the one that a killed supervisor has left.
-spec create() -> ok.
create() ->
    case ets:whereis(?MODULE) of
        undefined ->
            %% That process ends with the VM only, and ignores the message that it now owns the table.
            Heir = {heir, whereis(application_controller), ?MODULE},
            ?MODULE = ets:new(?MODULE, [named_table, public, ordered_set, Heir]),
            ok;
        _ ->
            ok
    end.

%% @doc The application has stopped: deletes the table, unless something has still to be taken back.
-spec retire() -> ok.
retire() ->
    case ets:whereis(?MODULE) =/= undefined andalso open_entries() of
        [] ->
            true = ets:delete(?MODULE),
            ok;
        _ ->
            ok
    end.

%% @doc Begins the entry of a tap.
-spec write(beamtap:tap(), entry()) -> ok.
write(Tap, Entry) ->
    true = ets:insert(?MODULE, {{entry, Tap}, Entry}),
    ok.

%% @doc Adds to the entry of a tap. A tap whose entry was struck stays without one.
-spec note(beamtap:tap(), map()) -> ok.
note(Tap, More) ->
    case entry(Tap) of
        {ok, Entry} ->
            Known = {{entry, Tap}, Entry},
            Noted = {{entry, Tap}, maps:merge(Entry, More)},
            %% Atomic, and repeated if the entry has changed: a tap process and the janitor may note at the same time.
            case ets:select_replace(?MODULE, [{{{entry, Tap}, '_'}, [{'=:=', '$_', {const, Known}}], [{const, Noted}]}]) of
                1 -> ok;
                0 -> note(Tap, More)
            end;
        none ->
            ok
    end.

%% @doc The entry of a tap; `none' also if beamtap does not run.
-spec entry(beamtap:tap()) -> {ok, entry()} | none.
entry(Tap) ->
    case match({{entry, Tap}, '$1'}) of
        [[Entry]] -> {ok, Entry};
        [] -> none
    end.

%% @doc Runs Act while no other tap runs such a change: one that starts from what other taps have set.
-spec locked(fun(() -> Answer)) -> Answer.
locked(Act) ->
    global:trans({?MODULE, self()}, Act, [node()]).

%% @doc Deletes the entry of a tap that has nothing left in the VM.
-spec strike(beamtap:tap()) -> ok.
strike(Tap) ->
    true = ets:delete(?MODULE, {entry, Tap}),
    ok.

%% @doc The taps that may have something set in the VM; none if beamtap does not run.
-spec open_entries() -> [{beamtap:tap(), entry()}].
open_entries() ->
    [{Tap, Entry} || [Tap, Entry] <- match({{entry, '$1'}, '$2'})].

%% @doc The tap processes.
-spec sessions() -> [pid()].
sessions() ->
    [Session || {_, #{session := Session}} <- open_entries()].

%% @doc The processes that notice calls that pile up.
-spec lookers() -> [pid()].
lookers() ->
    [Looker || {_, #{stacks := Looker}} <- open_entries()].

%% @doc Keeps a receipt. Of more than 32 the oldest are deleted.
-spec file_receipt(beamtap:tap(), beamtap_receipt:receipt()) -> ok.
file_receipt(Tap, Receipt) ->
    true = ets:insert(?MODULE, {{receipt, Tap}, Receipt}),
    Kept = [Old || [Old] <- match({{receipt, '$1'}, '_'})],
    lists:foreach(
        fun(Old) -> ets:delete(?MODULE, {receipt, Old}) end,
        lists:sublist(Kept, max(0, length(Kept) - ?RECEIPTS_KEPT))
    ).

%% @doc Deletes a receipt.
-spec forget(beamtap:tap()) -> ok.
forget(Tap) ->
    true = ets:delete(?MODULE, {receipt, Tap}),
    ok.

%% @doc The receipts kept, oldest first.
-spec receipts() -> [beamtap_receipt:receipt()].
receipts() ->
    [Receipt || [Receipt] <- match({{receipt, '_'}, '$1'})].

%% @doc The receipt of an ended tap.
-spec receipt(beamtap:tap()) -> {ok, beamtap_receipt:receipt()} | none.
receipt(Tap) ->
    try ets:lookup(?MODULE, {receipt, Tap}) of
        [{_, Receipt}] -> {ok, Receipt};
        [] -> none
    catch
        error:badarg -> none
    end.

%% @doc Nanoseconds that the VM itself spends on a traced call, once it has been measured.
-spec vm_ns() -> float() | unknown.
vm_ns() ->
    case match({vm_ns, '$1'}) of
        [[Ns]] -> Ns;
        [] -> unknown
    end.

-spec keep_vm_ns(float()) -> ok.
keep_vm_ns(Ns) ->
    true = ets:insert(?MODULE, {vm_ns, Ns}),
    ok.

match(Pattern) ->
    try
        ets:match(?MODULE, Pattern)
    catch
        error:badarg -> []
    end.
