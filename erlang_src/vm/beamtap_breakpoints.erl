%% @private
%% The trace patterns of functions that taps ask for.
%%
%% From OTP 27 on a tap's trace session has patterns of its own. Before, a function has one pattern in the VM, which all taps
%% share: it stays set as long as one tap asks for the function.
-module(beamtap_breakpoints).

-export([change/4, reload/5, count/1, shared/0]).

%% @doc Changes the patterns from what a tap asked for to what it asks for now. The ledger has both before anything is set, and
%% only the new before another tap changes something: otherwise two taps that end together could leave a pattern set.
-spec change(beamtap:tap(), beamtap_vm:grip(), [beamtap_match:asked()], [beamtap_match:asked()]) -> ok.
change(Tap, #{session := Session} = Grip, Old, New) when Session =/= none ->
    noted(Tap, Old, New, fun() -> lay(Grip, Old, New) end);
change(Tap, Grip, Old, New) ->
    %% One after another: each change starts from what the one before left.
    beamtap_ledger:locked(fun() ->
        Others = others(Tap),
        noted(Tap, Old, New, fun() -> lay(Grip, Others ++ Old, Others ++ New) end)
    end).

%% @doc The same after modules were loaded: nothing is set in them yet.
-spec reload(beamtap:tap(), beamtap_vm:grip(), [beamtap_match:asked()], [beamtap_match:asked()], [module()]) -> ok.
reload(Tap, #{session := Session} = Grip, Old, New, Modules) when Session =/= none ->
    noted(Tap, Old, New, fun() -> lay_anew(Grip, New, Modules) end);
reload(Tap, Grip, Old, New, Modules) ->
    beamtap_ledger:locked(fun() ->
        Others = others(Tap),
        noted(Tap, Old, New, fun() -> lay_anew(Grip, Others ++ New, Modules) end)
    end).

lay_anew(Grip, Asked, Modules) ->
    beamtap_vm:patterns(Grip, beamtap_match:overlay([Wish || {{M, _, _}, _} = Wish <- Asked, lists:member(M, Modules)])).

noted(Tap, Old, New, Lay) ->
    ok = beamtap_ledger:note(Tap, #{asked => Old ++ New}),
    ok = Lay(),
    beamtap_ledger:note(Tap, #{asked => New}).

lay(Grip, Old, New) ->
    {Gone, Set} = beamtap_match:change(beamtap_match:overlay(Old), beamtap_match:overlay(New)),
    beamtap_vm:patterns(Grip, [{MFA, false} || MFA <- Gone] ++ Set).

others(Tap) ->
    lists:append([
        Asked
     || {Other, #{vm := #{session := none}, asked := Asked}} <- beamtap_ledger:open_entries(), Other =/= Tap
    ]).

%% @doc The patterns of all taps that share the VM's.
-spec shared() -> [beamtap_match:laid()].
shared() ->
    beamtap_match:overlay(others(none)).

%% @doc How many functions are asked for.
-spec count([beamtap_match:asked()]) -> non_neg_integer().
count(Asked) ->
    Functions = lists:foldl(
        fun
            ({MFA, false}, Counted) -> maps:without(functions(MFA), Counted);
            ({MFA, _}, Counted) -> maps:merge(Counted, maps:from_keys(functions(MFA), []))
        end,
        #{},
        beamtap_match:overlay(Asked)
    ),
    map_size(Functions).

functions(MFA) -> beamtap_code:functions(MFA).
