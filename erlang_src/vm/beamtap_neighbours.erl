%% @private
%% Other tools and other taps that trace in this VM, and whether a tap can run beside them.
%%
%% What others have set is never changed. LTTng knows events, not taps, so an event recorded for two taps would be in a trace
%% twice. So if two taps want the same class of events from a process, it belongs to one of them. Calls are the same class if
%% the functions are the same. Before OTP 27 a process has one tracer, whatever the classes.
-module(beamtap_neighbours).

-export([refusal/2, warnings/1, taken/2, foreign/0]).
-export_type([wish/0, warning/0]).

%% What a tap asks for, or has.
-type wish() :: #{
    classes := [beamtap_spec:class()],
    inherit := [beamtap_spec:inheritance()],
    asked := [beamtap_match:asked()],
    known_bad => refuse | allow,
    atom() => term()
}.

%% A known fault of this release, and the classes that it concerns.
-type warning() :: #{classes := [beamtap_spec:class(), ...], finding := binary(), remedy := binary()}.

-define(LEGACY_SESSION, {legacy, default}).
-define(OF_FUNCTIONS, [call, return_to]).

%% @doc Why a tap cannot have what it asks for, because of this release or of what others trace; `none' if it can.
-spec refusal({beamtap:tap(), wish()}, beamtap_targets:selection()) -> none | beamtap_error:error().
refusal({Tap, #{classes := Classes, asked := Asked} = Wish}, Selection) ->
    {Instruments, _} = beamtap_instruments:split(Classes),
    first([
        fun() -> other_instrument(Tap, Instruments) end,
        fun() -> foreign_monitor(Instruments) end,
        fun() -> bad_release(Wish) end,
        fun() -> other_tap(Tap, Wish, Selection) end,
        fun() -> foreign_tracer(Selection) end,
        fun() -> foreign_pattern(Asked) end
    ]).

first([]) ->
    none;
first([Check | Rest]) ->
    case Check() of
        none -> first(Rest);
        Error -> Error
    end.

%%% Other taps

%% @doc A fun that says whether another tap has a process or port.
-spec taken(beamtap:tap(), wish()) -> fun((pid() | port()) -> boolean()).
taken(Tap, Wish) ->
    Grips = [Grip || {_, #{vm := Grip}} <- rivals(Tap, Wish)],
    fun(Who) -> lists:any(fun(Grip) -> beamtap_vm:is_traced(Grip, Who) end, Grips) end.

%% The taps that ask for the same events.
rivals(Tap, Wish) ->
    [
        {Other, Entry}
     || {Other, #{vm := _} = Entry} <- beamtap_ledger:open_entries(), Other =/= Tap, is_rival(Wish, Entry)
    ].

is_rival(_, #{vm := #{session := none}}) ->
    true;
is_rival(#{classes := Classes, asked := Asked}, #{classes := Theirs, asked := TheirAsked}) ->
    {_, Both} = beamtap_instruments:split([Class || Class <- Classes, lists:member(Class, Theirs)]),
    Both -- ?OF_FUNCTIONS =/= [] orelse (Both =/= [] andalso beamtap_match:overlap(Asked, TheirAsked)).

other_tap(Tap, #{inherit := Inherit} = Wish, #{named := Named, new := New, new_ports := NewPorts}) ->
    Clashes = [
        {Other, Who}
     || {Other, #{vm := Grip, inherit := TheirInherit}} <- rivals(Tap, Wish),
        Who <-
            [Who || Who <- Named, beamtap_vm:is_traced(Grip, Who)] ++
                [new_processes || New, beamtap_vm:is_traced(Grip, new_processes) orelse TheirInherit =/= []] ++
                [new_processes || Inherit =/= [], beamtap_vm:is_traced(Grip, new_processes)] ++
                [new_ports || NewPorts, beamtap_vm:is_traced(Grip, new_ports)]
    ],
    case Clashes of
        [] ->
            none;
        [{Other, Who} | _] ->
            {error, #{reason => traced_by_tap, what => Who, tap => Other}}
    end.

other_instrument(Tap, Instruments) ->
    Clashes = [
        {Other, Class}
     || {Other, #{instruments := Theirs}} <- beamtap_ledger:open_entries(),
        Other =/= Tap,
        Class <- Instruments,
        lists:member(Class, Theirs)
    ],
    case Clashes of
        [] -> none;
        [{Other, Class} | _] -> {error, #{reason => traced_by_tap, class => Class, tap => Other}}
    end.

%%% Other tools

foreign_monitor(Instruments) ->
    Ours = beamtap_instruments:holder(system_monitor),
    case lists:member(system_monitor, Instruments) andalso beamtap_vm:monitored_by() of
        Who when Who =:= false; Who =:= none; Who =:= Ours -> none;
        Other -> beamtap_system_monitor:taken(Other)
    end.

bad_release(#{known_bad := allow}) ->
    none;
bad_release(Wish) ->
    case hazards(refuse, Wish) of
        [] ->
            none;
        [{Class, Hazard} | _] ->
            {error, #{reason => known_bad, class => Class, hazard => Hazard}}
    end.

%% @doc Known faults of this release that concern the wish.
-spec warnings(wish()) -> [warning()].
warnings(Wish) ->
    Found = hazards(warn, Wish) ++ [Hazard || #{known_bad := allow} <- [Wish], Hazard <- hazards(refuse, Wish)],
    ByFinding = maps:groups_from_list(fun({_, Hazard}) -> Hazard end, fun({Class, _}) -> Class end, Found),
    [
        #{classes => lists:sort(Classes), finding => Finding, remedy => Remedy}
     || {#{finding := Finding, remedy := Remedy}, Classes} <- lists:sort(maps:to_list(ByFinding))
    ].

hazards(Verdict, #{classes := Classes, asked := Asked}) ->
    [
        {Class, Hazard}
     || Class <- Classes,
        #{verdict := Known, beside := Beside, bifs := Bifs} = Hazard <- beamtap_hazards:of_class(beamtap_hazards:erts(), Class),
        Known =:= Verdict, not Beside orelse foreign() =/= [], not Bifs orelse has_bif(Asked)
    ].

has_bif(Asked) ->
    lists:any(
        fun({M, F, A}) -> erlang:is_builtin(M, F, A) end,
        lists:append([beamtap_code:functions(MFA) || {MFA, Clauses} <- Asked, is_list(Clauses)])
    ).

foreign_tracer(#{new := New, new_ports := NewPorts, named := Named}) ->
    Whom = [new_processes || New] ++ [new_ports || NewPorts] ++ Named,
    case [{Who, T} || not beamtap_vm:has_sessions(), Who <- Whom, T <- [beamtap_vm:tracer(Who)], T =/= [], not is_tap(T)] of
        [] ->
            none;
        [{Who, Tracer} | _] ->
            {error, #{reason => traced_by_others, what => Who, by => Tracer}}
    end.

is_tap(Tracer) ->
    lists:any(
        fun
            ({_, #{vm := #{tracer := Known}}}) -> Known =:= Tracer;
            (_) -> false
        end,
        beamtap_ledger:open_entries()
    ).

foreign_pattern(Asked) ->
    case beamtap_vm:has_sessions() of
        true -> none;
        false -> foreign_pattern_legacy(Asked)
    end.

foreign_pattern_legacy(Asked) ->
    %% Patterns of taps.
    Ours = maps:from_keys(
        lists:append([beamtap_code:functions(MFA) || {MFA, Spec} <- beamtap_breakpoints:shared(), Spec =/= false]), []
    ),
    Wanted = lists:append([beamtap_code:functions(MFA) || {MFA, Clauses} <- Asked, Clauses =/= none]),
    case lists:search(fun(MFA) -> not is_map_key(MFA, Ours) andalso beamtap_vm:has_pattern(MFA) end, Wanted) of
        false ->
            none;
        {value, MFA} ->
            {error, #{reason => traced_by_others, function => MFA}}
    end.

%% @doc The trace sessions of others, and `legacy' if garbage collection is traced in a process outside every trace session. Only
%% on VMs with trace sessions.
-spec foreign() -> [term()].
foreign() ->
    case beamtap_vm:has_sessions() of
        true ->
            [Session || {Name, _} = Session <- beamtap_vm:sessions(), Name =/= beamtap, Session =/= ?LEGACY_SESSION] ++
                [legacy || lists:any(fun has_legacy_gc/1, processes())];
        false ->
            []
    end.

has_legacy_gc(Pid) -> lists:member(garbage_collection, beamtap_vm:legacy_flags(Pid)).
