%% @private
%% Words what goes wrong with a tap and with LTTng. See {@link beamtap_wording}.
-module(beamtap_words_tap).

-export([words/2, degraded/1]).

-import(beamtap_language, [either/3, term/2, call/3, option/3]).

%% @doc Message and remedy; `none' for what is worded elsewhere.
-spec words(map(), beamtap_language:language()) -> {unicode:chardata(), unicode:chardata()} | none.
%% What the native library or LTTng answered.
words(#{cause := Cause, advice := Advice}, _) ->
    {Cause, Advice};
words(#{reason := timeout, what := session}, L) ->
    {
        "the tap still waits for LTTng's session daemon",
        ["check whether lttng-sessiond is stopped (state T in ps); ", call(L, info, []), " tells how the tap goes on"]
    };
words(#{reason := timeout, what := events}, _) ->
    {
        "LTTng did not enable the events in this VM",
        "see lttng list --userspace; lttng-sessiond must run as this user or as root"
    };
words(#{reason := not_quiet}, _) ->
    {"a callback of the tracer did not end", "start the tap again"};
words(#{reason := no_thread, what := What}, _) ->
    {
        ["no native thread for ", case What of limits -> "the tap's limits"; definitions -> "the trace's definitions" end],
        "check the limits of this process (ulimit -u)"
    };
words(#{reason := no_slot, what := taps}, L) ->
    {"7 taps run already, which is the maximum", [call(L, info, []), " lists them"]};
words(#{reason := no_slot, what := slot}, _) ->
    {"the tap's slot is gone", "start the tap again"};
words(#{reason := not_started, what := application, cause := Cause}, L) ->
    {
        ["the application beamtap does not start: ", term(L, Cause)],
        either(L, "put beamtap's ebin directory on the code path (erl -pa)", "add beamtap to the dependencies in mix.exs")
    };
words(#{reason := not_started, what := session, cause := Cause}, L) ->
    {
        ["the tap's process does not start: ", term(L, Cause)],
        [either(L, "application:stop(beamtap)", "Application.stop(:beamtap)"), " and start again"]
    };
words(#{reason := ended, ended_by := EndedBy, tap := Tap, duration_ms := Ms}, L) ->
    {Why, Remedy} = ended(EndedBy, Ms, L),
    {[term(L, Tap), " has ended: ", Why], Remedy};
words(#{reason := ended}, L) ->
    {"the tap has ended", ["see ", call(L, info, [])]};
words(#{reason := unknown_event, event := Event, known := Known}, L) ->
    {["unknown event ", term(L, Event)], ["known: ", lists:join(", ", Known)]};
words(#{reason := degraded} = Error, _) ->
    {Why, Remedy} = degraded(Error),
    {["the tap does not record now: ", Why], Remedy};
words(#{reason := no_flight_recorder}, L) ->
    {
        "the tap is not a flight recorder",
        ["start it with ", option(L, mode, snapshot), "; the trace of another mode is complete anyway"]
    };
words(#{reason := not_recording, kind := Kind, directory := Directory}, L) ->
    {
        ["LTTng says that it records (", atom_to_list(Kind), "), but nothing arrives in ", Directory],
        [
            "check the free space of that disk and of /dev/shm, the session daemon's messages, and whether it sees the same ",
            "files as this VM (containers); ", call(L, doctor, []), " checks them"
        ]
    };
words(#{reason := no_output}, L) ->
    {
        "neither BEAMTAP_TRACES nor HOME says where traces go",
        ["name a directory: ", option(L, output, <<"/tmp/trace">>)]
    };
words(#{reason := bad_output, path := Path, cause := not_empty}, _) ->
    {["the directory ", Path, " is not empty"], "name another directory, or empty this one"};
words(#{reason := bad_output, path := Path, cause := Cause}, _) ->
    {
        ["the directory ", Path, " cannot be used: ", file:format_error(Cause)],
        "name a directory that this user can write, or set BEAMTAP_TRACES"
    };
words(#{reason := bad_output, cause := Cause}, _) ->
    {Cause, "check the permissions of that directory"};
words(#{reason := no_beamtapd, file := File, cause := missing}, _) ->
    {["beamtapd is missing: ", File], "run scripts/build-native, or put beamtapd on the PATH"};
words(#{reason := no_beamtapd, file := File, cause := Cause}, L) ->
    {[File, " cannot be run: ", term(L, Cause)], "run scripts/build-native on this machine"};
words(#{reason := beamtapd_failed, cause := Cause}, _) ->
    {Cause, "beamtapd --help lists its commands and options"};
words(#{reason := beamtapd_failed, status := Status}, _) ->
    {
        ["beamtapd exited with status ", integer_to_list(Status)],
        "what it printed says why; beamtapd --help lists its commands"
    };
words(_, _) ->
    none.

ended(stop, _, L) -> {"it was stopped", another(L)};
ended(clear, _, L) -> {"everything was cleared", another(L)};
%% Somebody who means seconds sees what was understood.
ended(deadline, Ms, L) -> {["its time was over after ", integer_to_list(Ms), " ms"], ["give the next one more: ", setting(L, for, "milliseconds")]};
ended(events, _, L) -> {"it reached its limit of events", ["give the next one more: ", setting(L, events, "n")]};
ended(rate, _, L) -> {"its events came faster than its limit", ["give the next one more per second: ", setting(L, rate, "n")]};
%% A shell's process ends when an expression fails.
ended(owner, _, L) ->
    {"the process that started it has exited", ["name a longer-lived one: ", setting(L, owner, either(L, "whereis(init)", "Process.whereis(:init)"))]};
ended(_, _, L) -> {"beamtap ended it", ["see the receipt: ", call(L, info, [])]}.

another(L) -> ["start another: ", either(L, "beamtap:start/2", "Beamtap.start/2")].

setting(L, Key, Value) ->
    Name = atom_to_list(Key),
    either(L, ["#{", Name, " => ", erlang_value(Value), "}"], [Name, ": ", Value]).

%% Elixir's variables are in lower case.
erlang_value("whereis" ++ _ = Call) -> Call;
erlang_value([First | Rest]) -> [string:to_upper(First) | Rest].

%% @doc Why a tap does not record now, and what to do. An obstacle has its words by now.
-spec degraded(#{why := binary(), obstacle => beamtap_error:reason(), advice => binary(), _ => _}) ->
    {unicode:chardata(), unicode:chardata()}.
degraded(#{why := Why, advice := Advice} = Facts) ->
    {obstructed(Why, Facts), Advice};
degraded(#{why := Why, obstacle := #{remedy := Remedy}} = Facts) ->
    {obstructed(Why, Facts), Remedy};
degraded(#{why := Why}) ->
    {Why, "nothing: it is taken up by itself"}.

%% A full disk, or the same cause again, is no second reason.
obstructed(Why, #{obstacle := #{reason := Reason, message := Message}}) when Reason =/= output_full, Message =/= Why ->
    [Why, "; not taken up yet: ", Message];
obstructed(Why, _) ->
    Why.
