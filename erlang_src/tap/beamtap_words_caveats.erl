%% @private
%% Words what a tap's trace lacks: one line for each fact. `beamtap_wording' asks for them in the user's language; what goes
%% into the trace is worded for Erlang.
-module(beamtap_words_caveats).

-export([problem/2, warning/2, why/2, without_return/2, unread/2]).

-import(beamtap_language, [term/2]).

%% How many functions or modules a line names.
-define(NAMED, 5).

%% @doc What went wrong, or is missing.
-spec problem(beamtap_caveats:problem(), beamtap_language:language()) -> binary().
problem(Fact, L) -> line(said(Fact, L)).

said({failed, What, Cause}, _) ->
    [failed(What), ": ", case Cause of Atom when is_atom(Atom) -> atom_to_binary(Atom); Text -> Text end];
said({gap, Ms, Reason, IsResumed}, _) ->
    ["recorded nothing for ", integer_to_list(Ms), " ms: ", Reason, [" (until it ended)" || not IsResumed]];
said({class_lost, Class, {shutdown, overload}}, L) ->
    [term(L, Class), " is recorded no more: its messages came faster than they could be recorded; raise its thresholds"];
said({class_lost, Class, Reason}, L) ->
    [term(L, Class), " is recorded no more: its process ended: ", term(L, Reason)];
said({piled, Functions, AtMs}, L) ->
    ["Not recorded from ", time(AtMs, millisecond), " on: ", named([name(MFA, L) || MFA <- Functions]), ". ", reason(none, piled, L), "."];
said({loaded, Modules, AtUs, MissedUs}, L) ->
    [
        lists:join(", ", [term(L, M) || M <- Modules]), case Modules of [_] -> " was"; _ -> " were" end,
        " loaded at ", time(AtUs, microsecond), ": calls are missing for ", integer_to_list(MissedUs),
        " µs from then on, and calls within older code that goes on running"
    ];
said(loads_unseen, L) ->
    ["a module that is loaded from now on is not traced: somebody else traces ", name({erlang, finish_loading, 1}, L), " with meta"];
said(more, _) ->
    "more modules were loaded, or functions taken off, than are told here".

failed(class) -> "a class was not recorded to the end";
failed(tap) -> "callbacks of the tap did not end";
failed(callbacks) -> "callbacks did not end";
failed(directory) -> "the trace's directory is gone";
failed(pause) -> "a pause is not in the trace";
failed('end') -> "the tap's end is not in the trace";
failed(modules) -> "modules loaded meanwhile are not in the trace";
failed(counters) -> "the last counters are not in the trace";
failed(stop) -> "LTTng did not stop the session";
failed(destroy) -> "LTTng did not end the session".

%% @doc A known fault of this release, and the classes that it concerns.
-spec warning(beamtap_neighbours:warning(), beamtap_language:language()) -> binary().
warning(#{classes := Classes, finding := Finding, remedy := Remedy}, L) ->
    line([lists:join(", ", [term(L, Class) || Class <- Classes]), ": ", Finding, "; ", Remedy]).

%% @doc Why returns of a function are not recorded.
-spec why({mfa(), beamtap_returns:why()}, beamtap_language:language()) -> binary().
why({MFA, Why}, L) -> line(reason(MFA, Why, L)).

reason(MFA, MFA, _) -> "it calls itself last";
reason(_, known, _) -> "a loop of OTP's";
reason(_, piled, _) -> "Its calls piled up in a process without returning";
reason(_, Next, L) -> ["it calls ", name(Next, L), " last, which leads to it again"].

%% @doc One line for all functions that are recorded without returns.
-spec without_return([{mfa(), beamtap_returns:why()}, ...], beamtap_language:language()) -> binary().
without_return(Told, L) ->
    line([
        "Recorded without returns: ", named([[name(MFA, L), " (", reason(MFA, Why, L), ")"] || {MFA, Why} <- Told]),
        ". A call that does not return before the next one leaves a frame on the process's stack; -> return! records them all the same."
    ]).

%% @doc One line for modules whose object code cannot be read.
-spec unread([module(), ...], beamtap_language:language()) -> binary().
unread(Modules, L) ->
    line([
        "Loops were not looked for in ", named([term(L, M) || M <- Modules]),
        ": the object code of what is loaded is not at hand. They are noticed while they run."
    ]).

named(Texts) ->
    More = [[" and ", integer_to_list(length(Texts) - ?NAMED), " more"] || length(Texts) > ?NAMED],
    [lists:join(", ", lists:sublist(Texts, ?NAMED)), More].

%% For Erlang as a pattern names it.
name(MFA, erlang) -> beamtap_pattern:print(#{what => MFA, actions => []});
name({M, F, A}, L) -> [term(L, M), $., beamtap_name:print_elixir(F), $/, integer_to_list(A)].

time(Time, Unit) -> calendar:system_time_to_rfc3339(Time, [{unit, Unit}, {offset, "Z"}]).

line(Text) -> unicode:characters_to_binary(Text).
