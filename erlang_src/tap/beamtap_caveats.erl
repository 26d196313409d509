%% @private
%% What a tap's trace lacks though it was asked for, and pauses: noted in the trace, and told by `info/1' and the receipt.
-module(beamtap_caveats).

-export([new/2, add/2, problem/3, limits/3, piled/2, loaded/3, watch_loads/2, warned/2]).
-export([pause/1, resume/1, resumed/1, remind/1, describe/3]).
-export_type([caveats/0, pause/0, problem/0, facts/0]).

-type caveats() :: #{
    tap := beamtap:tap(),
    %% What the names of the tap's LTTng sessions begin with: the trace knows the tap by it.
    name := binary(),
    %% Newest first.
    problems := [problem()],
    %% What is known to go wrong in this release with what is traced.
    warnings := [beamtap_neighbours:warning()],
    %% Pauses that are over, and when the current one began, in the VM's monotonic time.
    pauses := [pause()],
    paused_at => integer()
}.
%% Begin and end in microseconds of the system's time. A pause that lasts has `resumed => false' and ends now.
-type pause() :: #{began_us := integer(), ended_us := integer(), resumed := boolean()}.

%% What the user is told, but for the words: {@link beamtap_words_caveats}. `failed': what the tap could not do or write.
-type problem() ::
    {failed, What :: atom(), Cause :: atom() | binary()}
    | {gap, Ms :: integer(), Reason :: binary(), IsResumed :: boolean()}
    | {class_lost, beamtap_instruments:class(), Reason :: term()}
    | {piled, [mfa()], AtMs :: integer()}
    | {loaded, [module()], AtUs :: integer(), MissedUs :: non_neg_integer()}
    | loads_unseen
    | more.
-type facts() :: #{
    problems := [problem()],
    warnings => [beamtap_neighbours:warning()],
    without_return => [{mfa(), beamtap_returns:why()}]
}.

%% Modules can be loaded without end, and nobody reads more lines.
-define(MAX_LINES, 64).

-spec new(beamtap:tap(), Name :: binary()) -> caveats().
new(Tap, Name) ->
    #{tap => Tap, name => Name, problems => [], warnings => [], pauses => []}.

%% @doc Adds a problem, which is not written into the trace.
-spec add(problem(), caveats()) -> caveats().
add(Problem, #{problems := Problems} = Caveats) ->
    Caveats#{problems := [Problem | Problems]}.

%% @doc Adds a problem if something failed.
-spec problem(atom(), ok | {error, term()}, caveats()) -> caveats().
problem(_, ok, Caveats) -> Caveats;
problem(What, {error, {_, Line, _}}, Caveats) -> add({failed, What, Line}, Caveats);
problem(What, {error, Why}, Caveats) when is_atom(Why) -> add({failed, What, Why}, Caveats).

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
    Texts =
        [beamtap_words_caveats:without_return(New, erlang) || [_ | _] = New <- [Told -- ToldBefore]] ++
            [beamtap_words_caveats:unread(New, erlang) || [_ | _] = New <- [Unread -- UnreadBefore]],
    lists:foreach(fun(Text) -> write(Text, Caveats) end, Texts).

functions(Told) -> [MFA || {MFA, _} <- Told].

ends([], _) ->
    ok;
ends(Functions, IsRecorded) ->
    _ = beamtap_definitions:ends(Functions, IsRecorded),
    ok.

%% @doc These functions are not recorded any more.
-spec piled([mfa()], caveats()) -> caveats().
piled(Functions, Caveats) ->
    ok = ends(Functions, false),
    lost({piled, Functions, erlang:system_time(millisecond)}, Caveats).

%% @doc Modules were loaded at a time, in microseconds of the system's, and are traced since another.
-spec loaded(none | {[module()], TracedUs :: integer()}, LoadedUs :: integer(), caveats()) -> caveats().
loaded(none, _, Caveats) ->
    Caveats;
loaded({Modules, TracedUs}, LoadedUs, Caveats) ->
    lost({loaded, Modules, LoadedUs, max(0, TracedUs - LoadedUs)}, Caveats).

%% @doc Watches for modules that are loaded, if functions are traced. Adds a problem if that is not possible.
-spec watch_loads(beamtap_tracing:tracing(), caveats()) -> caveats().
watch_loads(#{patterns := []}, Caveats) ->
    Caveats;
watch_loads(_, Caveats) ->
    case beamtap_loads:watch() of
        ok -> Caveats;
        blind -> lost(loads_unseen, Caveats)
    end.

lost(Problem, #{problems := Problems} = Caveats) ->
    case lists:member(Problem, Problems) of
        false when length(Problems) < ?MAX_LINES -> tell(Problem, Caveats);
        false when length(Problems) =:= ?MAX_LINES -> tell(more, Caveats);
        _ -> Caveats
    end.

tell(Problem, Caveats) ->
    ok = write(beamtap_words_caveats:problem(Problem, erlang), Caveats),
    add(Problem, Caveats).

%% @doc Adds, and logs, what is known to go wrong in this release with what is traced. Each is told once.
-spec warned(beamtap_tracing:tracing(), caveats()) -> caveats().
warned(Tracing, #{tap := Tap, warnings := Known} = Caveats) ->
    New = beamtap_neighbours:warnings(Tracing) -- Known,
    Log = fun(Text) -> logger:warning("beamtap: ~tp: ~ts", [Tap, Text], #{domain => [beamtap]}) end,
    lists:foreach(fun(Warning) -> Log(beamtap_words_caveats:warning(Warning, erlang)) end, New),
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
told({error, Why}, Caveats) -> add({failed, pause, Why}, Caveats).

%% @doc The flags are set again.
-spec resumed(caveats()) -> caveats().
resumed(Caveats) ->
    maps:remove(paused_at, Caveats#{pauses := pauses(true, erlang:monotonic_time(), Caveats)}).

pauses(IsResumed, Now, #{pauses := Pauses} = Caveats) ->
    System = fun(Time) -> erlang:convert_time_unit(Time + erlang:time_offset(), native, microsecond) end,
    Pauses ++ [#{began_us => System(At), ended_us => System(Now), resumed => IsResumed} || #{paused_at := At} <- [Caveats]].

%% @doc What `info/1' and the receipt say of it. Now, in the VM's monotonic time, is when a pause that lasts ends.
-spec describe(beamtap_tracing:tracing(), Now :: integer(), caveats()) ->
    #{facts := facts(), pauses := [pause()]}.
describe(Tracing, Now, #{warnings := Warnings, problems := Problems} = Caveats) ->
    #{
        facts => #{
            without_return => beamtap_tracing:without_return(Tracing),
            warnings => Warnings,
            problems => lists:reverse(Problems)
        },
        pauses => pauses(false, Now, Caveats)
    }.

write(Text, #{name := Name}) ->
    _ = beamtap_definitions:caveat(Name, Text),
    ok.
