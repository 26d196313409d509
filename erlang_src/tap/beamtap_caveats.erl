%% @private
%% What a tap's trace lacks though it was asked for, and pauses: noted in the trace, and told by `info/1' and the receipt.
-module(beamtap_caveats).

-export([new/2, add/2, problem/3, limits/3, piled/2, loaded/3, watch_loads/2, warned/2]).
-export([pause/1, resume/1, resumed/1, remind/1, describe/3]).
-export_type([caveats/0, pause/0]).

-type caveats() :: #{
    tap := beamtap:tap(),
    %% What the names of the tap's LTTng sessions begin with: the trace knows the tap by it.
    name := binary(),
    %% Lines for the user, newest first.
    problems := [binary()],
    %% What is known to go wrong in this release with what is traced.
    warnings := [binary()],
    %% Pauses that are over, and when the current one began, in the VM's monotonic time.
    pauses := [pause()],
    paused_at => integer()
}.
%% Begin and end in microseconds of the system's time. A pause that lasts has `resumed => false' and ends now.
-type pause() :: #{began_us := integer(), ended_us := integer(), resumed := boolean()}.

%% Modules can be loaded without end, and nobody reads more lines.
-define(MAX_LINES, 64).

-spec new(beamtap:tap(), Name :: binary()) -> caveats().
new(Tap, Name) ->
    #{tap => Tap, name => Name, problems => [], warnings => [], pauses => []}.

%% @doc Adds a line, which is not written into the trace.
-spec add(unicode:chardata(), caveats()) -> caveats().
add(Line, #{problems := Problems} = Caveats) ->
    Caveats#{problems := [unicode:characters_to_binary(Line) | Problems]}.

%% @doc Adds a line if something failed.
-spec problem(string(), ok | {error, term()}, caveats()) -> caveats().
problem(_, ok, Caveats) ->
    Caveats;
problem(Said, {error, Why}, Caveats) ->
    Detail =
        case Why of
            {_, Line, _} -> Line;
            Atom -> atom_to_binary(Atom)
        end,
    add([Said, ": ", Detail], Caveats).

%%% Functions

%% @doc Writes into the trace which functions are recorded without returns, and of which modules the code could not be read:
%% since the start, or since a change if the tracing before it is given.
-spec limits(none | beamtap_tracing:tracing(), beamtap_tracing:tracing(), caveats()) -> ok.
limits(Before, #{limits := #{unread := Unread}} = Tracing, Caveats) ->
    {ToldBefore, UnreadBefore} =
        case Before of
            none -> {[], []};
            #{limits := #{unread := Known}} -> {beamtap_tracing:without_return(Before), Known}
        end,
    Told = beamtap_tracing:without_return(Tracing),
    ok = ends(functions(ToldBefore) -- functions(Told), true),
    ok = ends(functions(Told) -- functions(ToldBefore), false),
    Texts = [beamtap_returns:text(Told -- ToldBefore), beamtap_returns:unread(Unread -- UnreadBefore)],
    lists:foreach(fun(Text) -> write(Text, Caveats) end, [Text || Text <- Texts, Text =/= none]).

functions(Told) -> [MFA || #{function := MFA} <- Told].

ends([], _) ->
    ok;
ends(Functions, IsRecorded) ->
    _ = beamtap_definitions:ends(Functions, IsRecorded),
    ok.

%% @doc These functions are not recorded any more.
-spec piled([mfa()], caveats()) -> caveats().
piled(Functions, Caveats) ->
    ok = ends(Functions, false),
    lost(beamtap_returns:piled_text(Functions, time_text(erlang:system_time(millisecond), millisecond)), Caveats).

%% @doc Modules were loaded at a time, in microseconds of the system's, and are traced since another.
-spec loaded(none | {[module()], TracedUs :: integer()}, LoadedUs :: integer(), caveats()) -> caveats().
loaded(none, _, Caveats) ->
    Caveats;
loaded({Modules, TracedUs}, LoadedUs, Caveats) ->
    Names = lists:join(", ", [beamtap_error:quote(M) || M <- Modules]),
    lost(
        unicode:characters_to_binary([
            Names, case Modules of [_] -> " was"; _ -> " were" end, " loaded at ", time_text(LoadedUs, microsecond),
            ": calls are missing for ", integer_to_list(max(0, TracedUs - LoadedUs)), " µs from then on, and calls within older code that goes on running"
        ]),
        Caveats
    ).

%% @doc Watches for modules that are loaded, if functions are traced. Adds a line if that is not possible.
-spec watch_loads(beamtap_tracing:tracing(), caveats()) -> caveats().
watch_loads(#{patterns := []}, Caveats) ->
    Caveats;
watch_loads(_, Caveats) ->
    case beamtap_loads:watch() of
        ok ->
            Caveats;
        blind ->
            lost(<<"a module that is loaded from now on is not traced: somebody else traces erlang:finish_loading/1 with meta">>, Caveats)
    end.

lost(Text, #{problems := Problems} = Caveats) ->
    case lists:member(Text, Problems) of
        false when length(Problems) < ?MAX_LINES ->
            tell(Text, Caveats);
        false when length(Problems) =:= ?MAX_LINES ->
            tell(<<"more modules were loaded, or functions taken off, than are told here">>, Caveats);
        _ ->
            Caveats
    end.

tell(Text, Caveats) ->
    ok = write(Text, Caveats),
    add(Text, Caveats).

%% @doc Adds, and logs, what is known to go wrong in this release with what is traced. Each is told once.
-spec warned(beamtap_tracing:tracing(), caveats()) -> caveats().
warned(Tracing, #{tap := Tap, warnings := Known} = Caveats) ->
    New = beamtap_neighbours:warnings(Tracing) -- Known,
    lists:foreach(fun(Text) -> logger:warning("beamtap: ~tp: ~ts", [Tap, Text], #{domain => [beamtap]}) end, New),
    Caveats#{warnings := Known ++ New}.

%%% Pauses

%% @doc The flags are off: writes the pause into the trace, after the last event.
-spec pause(caveats()) -> caveats().
pause(Caveats) ->
    remind(Caveats#{paused_at => erlang:monotonic_time()}).

%% @doc Writes a pause that lasts into the trace, again.
-spec remind(caveats()) -> caveats().
remind(#{paused_at := _, name := Name} = Caveats) ->
    told(beamtap_definitions:pause(Name), Caveats);
remind(Caveats) ->
    Caveats.

%% @doc The flags will be set: writes the end of the pause into the trace, before the first event.
-spec resume(caveats()) -> caveats().
resume(#{paused_at := At, name := Name} = Caveats) ->
    LengthNs = erlang:convert_time_unit(erlang:monotonic_time() - At, native, nanosecond),
    told(beamtap_definitions:resume(Name, LengthNs), Caveats);
resume(Caveats) ->
    Caveats.

told(ok, Caveats) -> Caveats;
told({error, Why}, Caveats) -> add(["a pause is not in the trace: ", atom_to_list(Why)], Caveats).

%% @doc The flags are set again.
-spec resumed(caveats()) -> caveats().
resumed(Caveats) ->
    maps:remove(paused_at, Caveats#{pauses := pauses(true, erlang:monotonic_time(), Caveats)}).

pauses(IsResumed, Now, #{pauses := Pauses} = Caveats) ->
    System = fun(Time) -> erlang:convert_time_unit(Time + erlang:time_offset(), native, microsecond) end,
    Pauses ++ [#{began_us => System(At), ended_us => System(Now), resumed => IsResumed} || #{paused_at := At} <- [Caveats]].

%% @doc What `info/1' and the receipt say of it. Now, in the VM's monotonic time, is when a pause that lasts ends.
-spec describe(beamtap_tracing:tracing(), Now :: integer(), caveats()) ->
    #{without_return := beamtap_returns:told(), warnings := [binary()], problems := [binary()], pauses := [pause()]}.
describe(Tracing, Now, #{warnings := Warnings, problems := Problems} = Caveats) ->
    #{
        without_return => beamtap_tracing:without_return(Tracing),
        warnings => Warnings,
        problems => lists:reverse(Problems),
        pauses => pauses(false, Now, Caveats)
    }.

write(Text, #{name := Name}) ->
    _ = beamtap_definitions:caveat(Name, Text),
    ok.

time_text(Time, Unit) ->
    calendar:system_time_to_rfc3339(Time, [{unit, Unit}, {offset, "Z"}]).
