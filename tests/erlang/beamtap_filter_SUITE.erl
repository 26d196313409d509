%% Filter expressions: what LTTng would take without recording anything is refused, with its place. And what is let through
%% LTTng takes: beamtap_mode_SUITE asks it.
-module(beamtap_filter_SUITE).

-export([all/0]).
-export([taken/1, unknown_fields/1, refused/1, lttng_agrees/1]).

-define(FIELDS, [{<<"pid">>, number}, {<<"bytes">>, number}, {<<"text">>, text}]).

all() -> [taken, unknown_fields, refused, lttng_agrees].

filters() ->
    [
        "bytes > 1000",
        "bytes>=0x10&&pid!=5||!(text==\"a*\")",
        "text != \"a \\\\ \\* (and) ===\"",
        "text < \"a\\*\" && 5 <= pid",
        "010 == bytes || 5ULL != pid",
        "(bytes & 7) == 0 && bytes >> 3 < 2",
        "-bytes < -5",
        "bytes",
        "~bytes == 1",
        "  pid   ==\t5  ",
        "$ctx.vtid == 5",
        "$ctx.procname == \"beam.smp\""
    ].

taken(_) ->
    [{Filter, ok} = {Filter, check(Filter)} || Filter <- filters()].

unknown_fields(_) ->
    <<"in the filter, character 9: event send has no field byte. did you mean bytes? fields of send: pid, bytes, text (text)">> =
        said("pid>5 &&byte < 4"),
    <<"in the filter, character 2: event send has no field elephant. fields of send: pid, bytes, text (text)">> =
        said("(elephant)").

refused(_) ->
    Refused = [
        {"", 1, "expected a field or a value before end"},
        {"bytes ===", 9, "unexpected ="},
        {"bytes >", 8, "expected a field or a value before end"},
        {"bytes > 5)", 10, "unexpected \\)"},
        {"(bytes > 5", 11, "expected \\) before end"},
        {"bytes pid", 7, "unexpected pid"},
        {"text == \"open", 9, "this text is not closed"},
        {"text == 5", 6, "a text is compared with a number"},
        {"bytes == \"5\"", 7, "a text is compared with a number"},
        {"text && bytes", 6, "&& does not apply to a text"},
        {"!text", 2, "! does not apply to a text"},
        {"text", 1, "neither true nor false"},
        {"bytes + 5 > 6", 7, "cannot calculate with \\+"},
        {"bytes > 5x", 9, "5x is not a number"},
        {"bytes == 089", 10, "089 is not a number"},
        {"text == \"a\\\"b\"", 11, "unknown escape"},
        {"text < \"a*\"", 6, "use == or !="},
        {"$cpu_id == 1", 1, "is not a context"},
        {"bytes @ 5", 7, "unexpected @"},
        {[16#e4, " == 5"], 1, "unexpected"}
    ],
    [
        {Filter, {match, _}} =
            {Filter, re:run(said(Filter), ["^in the filter, character ", integer_to_list(Column), ": .*", Why], [unicode])}
     || {Filter, Column, Why} <- Refused
    ].

%% LTTng itself, where it is installed, takes all that we let through.
lttng_agrees(Config) ->
    {ok, _} = application:ensure_all_started(beamtap),
    {ok, Tap} = beamtap:start([procs, send], #{output => beamtap_world:scratch(?FUNCTION_NAME, Config)}),
    [
        {Filter, ok} = {Filter, beamtap:enable_event(Tap, "exit", filter_of_exit(Filter))}
     || Filter <- filters()
    ],
    {ok, _} = beamtap:stop(Tap),
    ok = application:stop(beamtap).

%%% Within

%% Its fields under the names of ours.
filter_of_exit(Filter) ->
    lists:foldl(
        fun({Ours, Its}, Text) -> re:replace(Text, "\\b(?<![$.])" ++ Ours ++ "\\b", Its, [global, {return, list}]) end,
        Filter,
        [{"bytes", "pid"}, {"text", "reason"}]
    ).

check(Filter) ->
    beamtap_filter:check(unicode:characters_to_binary(Filter), <<"send">>, ?FIELDS).

said(Filter) ->
    {error, #{reason := bad_filter, message := Message, remedy := Remedy}} = beamtap_wording:word(check(Filter), erlang),
    <<Message/binary, ". ", Remedy/binary>>.
