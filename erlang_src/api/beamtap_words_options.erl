%% @private
%% Words what is wrong with the value of an option, or of beamtap's application environment. See {@link beamtap_wording}.
-module(beamtap_words_options).

-export([words/2]).

-import(beamtap_language, [either/3, term/2, one_of/2, option/3]).

%% @doc Message and remedy; `none' for what is worded elsewhere.
-spec words(map(), beamtap_language:language()) -> {unicode:chardata(), unicode:chardata()} | none.
words(#{reason := bad_option, option := rotate, conflict := mode}, L) ->
    {
        "rotate has no effect: a live view or a flight recorder has no chunks",
        ["leave rotate out, or write with mode ", either(L, "local or {net, Url}", ":local or {:net, url}")]
    };
words(#{reason := bad_option, option := buffers_per, conflict := mode}, L) ->
    {
        ["invalid value ", term(L, pid), " for \"buffers_per\": a flight recorder's buffers would be gone with a killed VM"],
        "leave buffers_per out: a tap's buffers hold no other VM's events anyway"
    };
words(#{reason := bad_option, option := output, conflict := mode}, L) ->
    {["output and mode ", either(L, "{local, Dir}", "{:local, dir}"), " both name a directory"], "give one of them"};
words(#{reason := bad_option, option := functions, conflict := processes}, _) ->
    {"functions and processes exclude each other", "leave both out to see all tables"};
words(#{reason := bad_option, option := payload, longest := Longest, subbuf_size := Size}, _) ->
    {
        ["a payload of ", integer_to_list(Longest), " bytes does not fit sub-buffers of ", integer_to_list(Size), " bytes"],
        "set subbuf_size to at least twice the longest payload"
    };
words(#{reason := bad_option, option := mode, url := Url}, L) ->
    {
        ["invalid URL ", term(L, Url), " for \"mode\": expected net://HOST[:CONTROL_PORT[:DATA_PORT]]"],
        ["for example mode ", either(L, "{net, \"net://localhost\"}", "{:net, \"net://localhost\"}")]
    };
words(#{reason := bad_option, option := Key, within := Outer, value := Value}, L) ->
    {
        ["invalid value ", term(L, Value), " for \"", atom_to_list(Key), "\" in ", atom_to_list(Outer), ": expected ", threshold(L, Key)],
        ["to leave it out, pass ", option(L, Key, false)]
    };
words(#{reason := bad_option, option := Key, value := Value}, L) ->
    {Expected, Example} = expected(Key, L),
    {["invalid value ", term(L, Value), " for \"", atom_to_list(Key), "\": expected ", Expected], ["for example ", Example]};
words(#{reason := bad_environment, key := Key, value := Value}, L) ->
    {Expected, Example} = environment(Key, L),
    {
        ["invalid value ", term(L, Value), " for \"", atom_to_list(Key), "\" in beamtap's environment: expected ", Expected],
        ["for example ", either(L, ["{beamtap, [{", atom_to_list(Key), ", "], ["config :beamtap, ", atom_to_list(Key), ": "]), term(L, Example),
            either(L, "}]}", "")]
    };
words(_, _) ->
    none.

%% What an option takes, and an example of it.
expected(Key, L) ->
    case wanted(Key, L) of
        {Expected, {text, Example}} -> {Expected, Example};
        {Expected, Example} -> {Expected, option(L, Key, Example)}
    end.

%% Limits and places.
wanted(for, L) -> {["milliseconds from 1 on, or ", term(L, infinity)], 5000};
wanted(events, L) -> {["a number of events from 1 on, or ", term(L, infinity)], 10000};
wanted(rate, L) -> {["events per second from 1 on, or ", term(L, infinity)], 1000};
wanted(owner, L) -> {"a process of this node", {text, either(L, "#{owner => whereis(init)}", "owner: Process.whereis(:init)")}};
wanted(known_bad, L) -> {one_of(L, [refuse, allow]), allow};
wanted(Key, L) when Key =:= output; Key =:= shm_path -> {"the name of a directory", {text, text_option(L, Key, "/tmp/trace")}};
wanted(payload, L) ->
    {
        either(L,
            "none, size, {text, 16..4096}, or some kinds only: #{messages => size}",
            ":none, :size, {:text, 16..4096}, or some kinds only: [messages: :size]"
        ),
        {text, option(L, payload, {text, 64})}
    };
wanted(sample_every, _) -> {"milliseconds from 100 to 3600000", 1000};
%% How LTTng records.
wanted(mode, L) ->
    Forms = either(L, "{net, Url}, {live, Ms}, {live, Url, Ms}, {snapshot, Url}", "{:net, url}, {:live, ms}, {:live, url, ms}, {:snapshot, url}"),
    {[beamtap_language:terms(L, [local, live, snapshot]), ", ", Forms, ", or a list of different ones"], snapshot};
wanted(buffers, L) -> {one_of(L, [low, default, high]), high};
wanted(subbuf_size, _) -> {"bytes, a power of two from 4096 to 1073741824", 1048576};
wanted(num_subbuf, _) -> {"a power of two from 2 to 65536", 8};
wanted(on_full, L) -> {one_of(L, [discard, overwrite]), discard};
wanted(buffers_per, L) -> {one_of(L, [uid, pid]), uid};
wanted(switch_timer, _) -> {"milliseconds from 1 to 4294967", 1000};
wanted(files, L) -> {["the size of each stream's files in bytes, and how many to keep"], {text, keyed(L, files, [{size, 1048576}, {count, 4}])}};
wanted(rotate, L) -> {"milliseconds, bytes, or both", {text, keyed(L, rotate, [{every, 60000}, {keep, 10}])}};
wanted(trace_format, L) -> {one_of(L, [ctf1, ctf2]), ctf2};
%% What is asked of a trace.
wanted(Key, L) when Key =:= json; Key =:= functions; Key =:= processes -> {one_of(L, [true, false]), true};
wanted(top, _) -> {"a number of rows from 1 on", 5};
wanted(sort, _) -> {"the name of a column", max};
wanted(lines, _) -> {"events per second from 1 on", 20};
wanted(colour, L) -> {one_of(L, [auto, true, false]), false};
wanted(syntax, L) -> {one_of(L, [erlang, elixir]), elixir};
wanted(pid, L) -> {"a process of this node, or several", {text, text_option(L, pid, "<0.87.0>")}};
wanted(event, L) -> {"the name of an event, or several", {text, text_option(L, event, "gc_*")}};
wanted(last, L) -> {["a number of events, a time, or ", term(L, infinity)], {text, text_option(L, last, "2s")}};
wanted(within, L) -> {"milliseconds, or a time as text", {text, text_option(L, within, "1.5s")}};
wanted(Key, L) when Key =:= 'begin'; Key =:= 'end'; Key =:= around ->
    {"milliseconds since the trace's begin, \"1.5s\", \"12:41:49.7\" or \"2026-11-23T12:41:49.7Z\"", {text, text_option(L, Key, "1.5s")}}.

%% What the system monitor tells of.
threshold(L, long_message_queue) -> ["numbers of messages ", either(L, "{Short, Long}", "{short, long}"), ", or ", term(L, false)];
threshold(L, large_heap) -> ["a number of words, or ", term(L, false)];
threshold(L, Key) when Key =:= busy_port; Key =:= busy_dist_port -> one_of(L, [true, false]);
threshold(L, _) -> ["milliseconds, or ", term(L, false)].

environment(keep_daemon, _) -> {"milliseconds from 0 to 86400000", 60000};
environment(keep, L) -> {either(L, "#{number => N, bytes => Bytes, age => Ms}, or some of these", "[number: n, bytes: bytes, age: ms], or some of these"), 20}.

%% A string is a charlist in Erlang's form and no list of numbers in Elixir's.
text_option(L, Key, Text) ->
    either(L, ["#{", term(erlang, Key), " => \"", Text, "\"}"], [atom_to_list(Key), ": \"", Text, "\""]).

keyed(L, Key, Pairs) ->
    Inner = lists:join(", ", [[atom_to_list(K), either(L, " => ", ": "), integer_to_list(N)] || {K, N} <- Pairs]),
    either(L, ["#{", atom_to_list(Key), " => #{", Inner, "}}"], [atom_to_list(Key), ": [", Inner, "]"]).
